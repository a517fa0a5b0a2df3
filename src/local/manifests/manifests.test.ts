import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test, type Test } from "tap";
import { loadSchemas } from "../cluster/schemas.ts";
import { formatManifestError } from "./errors.ts";
import { loadManifests } from "./manifests.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../../deploy/crds", import.meta.url)));

/** Loads one file of this text; errors as they are printed, without the folder. */
async function load(t: Test, text: string | Uint8Array, name = "a.yaml") {
  const folder = t.testdir({});
  await writeFile(join(folder, name), text);
  const { objects, errors } = await loadManifests([join(folder, name)], schemas);
  return { objects, errors: errors.map((error) => formatManifestError(error).slice(folder.length + 1)) };
}

const good = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: app
  namespace: team
  labels: {app.kubernetes.io/name: app}
spec:
  secretStoreRef:
    name: store
  data:
  - secretKey: password
    remoteRef:
      key: db
`;
const secret = (body: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: user}\n${body}`;
const configMap = (body: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: user}\n${body}`;

test("an ExternalSecret is loaded as it is written, without defaults, with file and line", async (t) => {
  const { objects, errors } = await load(t, `# a comment\n---\n${good}`);
  t.same(errors, []);
  t.match(objects, [
    {
      line: 3,
      kind: { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", namespaced: true },
      key: { namespace: "team", name: "app" },
      labels: { "app.kubernetes.io/name": "app" },
      annotations: {},
      finalizers: [],
    },
  ]);
  t.match(objects[0]?.file, /a\.yaml$/);
  t.same(objects[0]?.content, {
    form: "custom",
    spec: { secretStoreRef: { name: "store" }, data: [{ secretKey: "password", remoteRef: { key: "db" } }] },
  });
});

/** Manifests that are taken: what becomes of them. */
const taken: readonly {
  readonly name: string;
  readonly text: string;
  readonly file?: string;
  readonly want: readonly object[];
}[] = [
  { name: "an empty file", text: "", want: [] },
  { name: "comments and empty documents", text: "# nothing\n---\n---\n# here\n", want: [] },
  {
    name: "a Secret: stringData wins over data, line breaks in Base64 do not count",
    text: secret("data:\n  a: |\n    aGk=\n  b: aGk=\n  c:\nstringData: {b: ö}\n"),
    want: [
      { key: { namespace: "default", name: "user" }, content: { type: "Opaque", data: { a: "hi", b: "ö", c: "" } } },
    ],
  },
  {
    name: "an immutable Secret of a type",
    text: secret("type: kubernetes.io/basic-auth\nimmutable: true\nstringData: {username: x}\n"),
    want: [{ content: { form: "Secret", type: "kubernetes.io/basic-auth", immutable: true } }],
  },
  {
    name: "the classes of a cluster's manifests",
    text: ["ProviderClass", "ClusterProviderClass"]
      .map(
        (kind) =>
          `---\napiVersion: external-secrets.io/v1alpha1\nkind: ${kind}\nmetadata: {name: vault}\n` +
          "spec: {address: vault.providers.svc:8080, tls: {secretRef: {name: tls}}}\n",
      )
      .join(""),
    want: [{ key: { namespace: "default", name: "vault" } }, { key: { namespace: "", name: "vault" } }],
  },
  {
    name: "a key that is called __proto__",
    text: secret("stringData: {__proto__: x}\n"),
    want: [{ content: { data: { ["__proto__"]: "x" } } }],
  },
  {
    name: "a ConfigMap of text and bytes",
    text: configMap("data: {a: text}\nbinaryData: {b: aGk=}\n"),
    want: [{ content: { form: "ConfigMap", data: { a: "text", b: "hi" } } }],
  },
  {
    name: "a Namespace and a ServiceAccount",
    text: "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {a: b}}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: robot, namespace: team}\n",
    want: [
      { key: { namespace: "", name: "team" }, labels: { a: "b" }, content: { form: "bare" } },
      { key: { namespace: "team", name: "robot" }, content: { form: "bare" } },
    ],
  },
  {
    name: "a JSON List that is indented with tabs",
    file: "a.json",
    text: JSON.stringify(
      {
        apiVersion: "v1",
        kind: "List",
        items: [{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "a" } }],
      },
      undefined,
      "\t",
    ),
    want: [{ line: 5, key: { namespace: "default", name: "a" } }],
  },
  {
    name: "what kubectl printed: fields that only the server sets are ignored",
    text: `${good.replace("metadata:", "metadata:\n  uid: x\n  resourceVersion: '7'\n  creationTimestamp: null\n  generation: 3\n  managedFields: [{manager: m}]\n  finalizers: [a/b]")}status:\n  conditions: []\n`,
    want: [{ key: { namespace: "team", name: "app" }, finalizers: ["a/b"] }],
  },
  {
    name: "anchors, aliases and merge keys",
    text: `${good.replace("metadata:", "metadata: &meta").replace("name: app\n", "name: &name app\n")}---\n${good.replace("  name: app\n", "  <<: {name: merged}\n")}`,
    want: [{ key: { name: "app" } }, { key: { name: "merged" } }],
  },
];

for (const { name, text, file, want } of taken) {
  test(`loads ${name}`, async (t) => {
    const { objects, errors } = await load(t, text, file);
    t.same(errors, []);
    const plain = objects.map((object) => {
      const data = "data" in object.content ? object.content.data : new Map<string, Uint8Array>();
      const shown = Object.fromEntries(Array.from(data, ([key, value]) => [key, Buffer.from(value).toString()]));
      return { ...object, content: { ...object.content, data: shown } };
    });
    t.match(plain, want);
    t.equal(plain.length, want.length);
  });
}

const kinds = [
  "ClusterProvider",
  "ClusterProviderClass",
  "ClusterSecretStore",
  "ConfigMap",
  "ExternalSecret",
  "Fake.provider.external-secrets.io",
  "Namespace",
  "Provider",
  "ProviderClass",
  "Secret",
  "SecretStore",
  "ServiceAccount",
  "Vault.provider.external-secrets.io",
].join(", ");

/** Manifests that are not: the errors as they are printed. */
const refused: readonly {
  readonly name: string;
  readonly text: string | Uint8Array;
  readonly want: readonly string[];
}[] = [
  {
    name: "an unknown field deep in a list",
    text: good.replace("      key: db", "      key: db\n      versoin: hunter2"),
    want: ["a.yaml:14:7: spec.data[0].remoteRef.versoin: is not a field of this object"],
  },
  {
    name: "a missing field, at the object that misses it",
    text: good.replace("key: db", "property: db"),
    want: ["a.yaml:12:5: spec.data[0].remoteRef.key: is required"],
  },
  {
    name: "a value of a wrong type",
    text: good.replace("name: store", "name: 12345"),
    want: ["a.yaml:9:5: spec.secretStoreRef.name: must be of type string, not integer"],
  },
  {
    name: "a value outside a closed list",
    text: good.replace("spec:", "spec:\n  refreshPolicy: hunter2"),
    want: ["a.yaml:8:3: spec.refreshPolicy: must be one of: CreatedOnce, Periodic, OnChange"],
  },
  {
    name: "a class whose address is a URL",
    text: "apiVersion: external-secrets.io/v1alpha1\nkind: ProviderClass\nmetadata: {name: c}\nspec: {address: 'https://x:1'}\n",
    want: [
      String.raw`a.yaml:4:8: spec.address: must match ^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]*[a-z0-9])?:[1-9][0-9]{0,4}$`,
    ],
  },
  {
    name: "several mistakes of one object, all",
    text: good.replace("  name: app\n", "  nmae: app\n").replace("    name: store", "    naem: store"),
    want: [
      "a.yaml:4:3: metadata.nmae: is not a field of this object",
      "a.yaml:3:1: metadata.name: is required",
      "a.yaml:9:5: spec.secretStoreRef.naem: is not a field of this object",
    ],
  },
  {
    name: "a label whose key has dots",
    text: good.replace("app.kubernetes.io/name: app", "app.kubernetes.io/name: a b"),
    want: [
      "a.yaml:6:12: metadata.labels[app.kubernetes.io/name]: a label's value must be letters, digits, '-', '_', '.', begin and end with a letter or digit, at most 63 characters",
    ],
  },
  {
    name: "a label that YAML reads as a boolean",
    text: good.replace("app.kubernetes.io/name: app", "on: true"),
    want: ["a.yaml:6:12: metadata.labels.on: must be of type string, not boolean"],
  },
  {
    name: "a name that is none",
    text: good.replace("name: app\n", "name: ../../x\n"),
    want: [
      "a.yaml:4:3: metadata.name: must be a DNS subdomain: lower case letters, digits, '-' and '.', at most 253 characters",
    ],
  },
  {
    name: "an object without metadata",
    text: "apiVersion: v1\nkind: ConfigMap\n",
    want: ["a.yaml:1:1: metadata.name: is required"],
  },
  {
    name: "a cluster-scoped object in a namespace",
    text: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  namespace: b\n",
    want: ["a.yaml:5:3: metadata.namespace: Namespace belongs to no namespace; remove it"],
  },
  {
    name: "what is no object",
    text: "- a\n",
    want: ["a.yaml:1:1: must be an object with apiVersion, kind and metadata"],
  },
  { name: "an object without kind", text: "apiVersion: v1\n", want: ["a.yaml:1:1: kind: is required"] },
  { name: "an object without apiVersion", text: "kind: Secret\n", want: ["a.yaml:1:1: apiVersion: is required"] },
  {
    name: "a kind of ESO that is not built yet",
    text: "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {name: a}\n",
    want: ["a.yaml:2:1: kind: external-secrets.io/v1alpha1 PushSecret is not built yet"],
  },
  {
    name: "a version that is not served",
    text: good.replace("io/v1", "io/v1beta1"),
    want: ["a.yaml:1:1: apiVersion: ExternalSecret is served as external-secrets.io/v1 only"],
  },
  {
    name: "a kind that is not for local mode",
    text: "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
    want: [`a.yaml:2:1: kind: apps/v1 Deployment is not for local mode, which takes ${kinds}`],
  },
  {
    name: "a kind with a terminal escape",
    text: 'apiVersion: v1\nkind: "\\e[2J"\n',
    want: [String.raw`a.yaml:2:1: kind: v1 \x1b[2J is not for local mode, which takes ${kinds}`],
  },
  {
    name: "data that is not Base64",
    text: secret("data:\n  good: aGk=\n  tls.crt: hunter2!\n  short: aGk\n"),
    want: ["a.yaml:6:3: data[tls.crt]: must be Base64", "a.yaml:7:3: data.short: must be Base64"],
  },
  {
    name: "a key that no Secret can have",
    text: secret('stringData:\n  "../x": hunter2\n'),
    want: ["a.yaml:5:3: stringData[../x]: a key must consist of letters, digits, '-', '_' and '.'"],
  },
  {
    name: "a Secret whose type asks for keys",
    text: secret("type: kubernetes.io/tls\ndata:\n  tls.crt: aGk=\n"),
    want: ["a.yaml:5:1: data[tls.key]: is required by type kubernetes.io/tls"],
  },
  {
    name: "a value that is no text",
    text: secret("stringData:\n  port: 8080\n"),
    want: ["a.yaml:5:3: stringData.port: must be of type string, not integer"],
  },
  {
    name: "one key in data and binaryData",
    text: configMap("data: {a: x}\nbinaryData:\n  a: aGk=\n"),
    want: ["a.yaml:6:3: binaryData.a: is in `data` too"],
  },
  {
    name: "a List without a list",
    text: "apiVersion: v1\nkind: List\nitems: {}\n",
    want: ["a.yaml:3:1: items: must be a list of objects"],
  },
  {
    name: "an item of a List",
    text: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n  dta: {}\n",
    want: ["a.yaml:7:3: items[0].dta: is not a field of this object"],
  },
  {
    name: "a key that is given twice, each time",
    text: good
      .replace("      key: db", "      key: db\n      key: hunter2")
      .replace("kind: E", "kind: Secret\nkind: E"),
    want: [
      "a.yaml:3:1: kind: is given twice in one object",
      "a.yaml:15:7: spec.data[0].remoteRef.key: is given twice in one object",
    ],
  },
  {
    name: "a tab that indents",
    text: "a:\n\tb: hunter2\n",
    want: ["a.yaml:2:1: is indented with a tab; use spaces"],
  },
  {
    name: "a quote that is not closed",
    text: 'a: "hunter2\n',
    want: ["a.yaml:2:1: misses a character: a closing quote or bracket, a ':' or a ','"],
  },
  {
    name: "a colon in a value that has no quotes",
    text: "a: hunter2: x\n",
    want: ["a.yaml:1:4: a value with ': ' in it needs quotes, a nested object a line of its own"],
  },
  {
    name: "a tag of one's own",
    text: "a: !secret hunter2\n",
    want: ["a.yaml:1:4: a: has a tag that is not part of YAML's core schema; remove it"],
  },
  {
    name: "an object as a key",
    text: "? {a: hunter2}\n: x\n",
    want: ["a.yaml:1:3: the keys of an object must be plain text"],
  },
  {
    name: "an alias of nothing",
    text: "a: 1\nb: *hunter2\n",
    want: ["a.yaml:2:4: b: names an anchor that is not there"],
  },
  {
    name: "an alias inside of what it stands for",
    text: "a: &a {b: *a}\n",
    want: ["a.yaml:1:11: a.b: stands for something that it is part of"],
  },
  {
    name: "aliases of aliases without end",
    text: `a0: &a0 [x]\n${Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]\n`).join("")}`,
    want: ["a.yaml:1:1: its aliases repeat more than 100 times"],
  },
  {
    name: "lists in lists without end",
    text: `a: ${"[".repeat(50_000)}${"]".repeat(50_000)}`,
    want: ["a.yaml:1:N: is nested too deeply"],
  },
  { name: "what is not UTF-8", text: Uint8Array.of(0x61, 0xff), want: ["a.yaml: is not UTF-8 text"] },
];

for (const { name, text, want } of refused) {
  test(`refuses ${name}`, async (t) => {
    const { objects, errors } = await load(t, text);
    // How deep the parser gets depends on the stack.
    const shown = errors.map((error) => (error.includes("too deeply") ? error.replace(/:1:\d+:/, ":1:N:") : error));
    t.same(shown, want);
    t.same(objects, []);
    t.notMatch(errors.join("\n"), /hunter2/, "no value is quoted");
  });
}

test("a bad document stops no other, and all errors come", async (t) => {
  const broken = good.replace("key: db", "kye: db");
  const named = (name: string) => good.replace("name: app\n", `name: ${name}\n`);
  const documents = [named("one"), broken, "a: b: c\n", named("two"), "a: [\n", named("three"), "a: 'x\n"];
  const { objects, errors } = await load(t, documents.join("---\n"));
  t.same(
    objects.map(({ key, line }) => `${key.name} ${line}`),
    ["one 1", "two 31", "three 47"],
  );
  t.same(errors, [
    "a.yaml:27:7: spec.data[0].remoteRef.kye: is not a field of this object",
    "a.yaml:26:5: spec.data[0].remoteRef.key: is required",
    "a.yaml:29:4: a value with ': ' in it needs quotes, a nested object a line of its own",
    "a.yaml:46:1: is not indented as what is around it asks for",
    "a.yaml:62:1: misses a character: a closing quote or bracket, a ':' or a ','",
  ]);
});

test("the same object twice is an error that names both places; the first one counts", async (t) => {
  const folder = t.testdir({ "a.yaml": good, "b.yaml": `# second\n${good}` });
  const { objects, errors } = await loadManifests([folder], schemas);
  t.equal(objects.length, 1);
  const [error] = errors;
  t.same(error, {
    file: join(folder, "b.yaml"),
    line: 5,
    column: 3,
    field: "metadata.name",
    message: `ExternalSecret team/app is at ${join(folder, "a.yaml")}:1 already`,
  });
});
