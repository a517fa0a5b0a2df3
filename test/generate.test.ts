import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { test, type Test } from "tap";
import { parse } from "yaml";
import { intOrString, unbuilt } from "../src/api/schema.ts";

const root = join(import.meta.dirname, "..");
const copied = ["buf.gen.yaml", "package.json", "deploy", "docs", "proto", "scripts", "src"];

/** A copy of the repository that a test may spoil. */
function copyOfRepository(t: Test): string {
  const copy = t.testdir();
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function generate(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/generate.mjs", ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("--check names each file that is not what would be made, and a run mends them", (t) => {
  const copy = copyOfRepository(t);
  t.match(generate(copy, "--check"), { status: 0, stderr: "" }, "what is committed is up to date");

  const crd = "deploy/crds/external-secrets.io_secretstores.yaml";
  const wire = "src/wire/gen/outboard/v1/context.ts";
  const before = new Map([crd, wire].map((path) => [path, readFileSync(join(copy, path), "utf8")]));
  for (const path of before.keys()) appendFileSync(join(copy, path), "#");
  writeFileSync(join(copy, "src/wire/gen/left-over.ts"), "");
  const stale = generate(copy, "--check");
  t.equal(stale.status, 1);
  t.strictSame(stale.stderr.trim().split("\n").slice(1), [`  ${crd}`, `  ${wire}`, "  src/wire/gen/left-over.ts"]);

  t.match(generate(copy), { status: 0, stdout: /3 changed/u });
  for (const [path, text] of before) t.equal(readFileSync(join(copy, path), "utf8"), text, path);
  t.notOk(existsSync(join(copy, "src/wire/gen/left-over.ts")));
  t.equal(generate(copy, "--chek").status, 2, "a misspelt argument writes nothing");
  t.end();
});

test("a spec with a keyword that no CRD can hold is refused, and nothing is written", (t) => {
  const copy = copyOfRepository(t);
  const field = 'list: { type: "array", items: { type: "string", const: "x" } }';
  const spec = `export const spec = { type: "object", properties: { ${field} } };\n`;
  writeFileSync(join(copy, "src/providers/fake/spec.ts"), spec);
  const crd = join(copy, "deploy/crds/external-secrets.io_secretstores.yaml");
  writeFileSync(crd, "as it was");
  t.match(generate(copy), {
    status: 1,
    stderr:
      'generate: src/providers/fake/spec.ts: /properties/list/items: structural schemas have no "const"; write the field without it\n',
  });
  t.equal(readFileSync(crd, "utf8"), "as it was");
  t.end();
});

test("each form that structural schemas lack is refused, saying what is wrong", async (t) => {
  const path = pathToFileURL(join(root, "scripts/generate/structural.mjs")).href;
  const { structural } = (await import(path)) as { structural: (schema: object, file: string) => object };
  const rows: [schema: object, problem: RegExp][] = [
    [{ anyOf: [{ type: "string" }, { type: "null" }] }, /structural schemas have no "anyOf"/u],
    [{ type: "string", "x-other": true }, /structural schemas have no "x-other"/u],
    [{ type: "integer", exclusiveMinimum: 0 }, /exclusiveMinimum must be true or false/u],
    [{ description: "anything" }, /every schema needs a type/u],
    [{ type: "object", additionalProperties: false }, /additionalProperties must be a schema/u],
    [{ type: "object", additionalProperties: { type: "string" }, properties: {} }, /exclude each other/u],
    [{ type: "array" }, /a list needs one schema for its items/u],
    [{ type: "string", pattern: "(" }, /its pattern is not a regular expression/u],
    [{ type: "string", enum: ["a"], default: "b" }, /its default is invalid/u],
  ];
  for (const [schema, problem] of rows) {
    t.throws(() => structural({ type: "object", properties: { x: schema } }, "spec.ts"), { message: problem });
    t.throws(() => structural({ type: "object", properties: { x: schema } }, "spec.ts"), {
      message: /^spec\.ts: \/properties\/x: /u,
    });
  }
  t.same(structural(unbuilt(intOrString()), "spec.ts"), intOrString(), "our marks are stripped, int-or-string stays");
});

test("a spec with a kind has a CRD that says what its objects hold and refer to", async (t) => {
  const crd = parse(readFileSync(join(root, "deploy/crds/provider.external-secrets.io_vaults.yaml"), "utf8")) as Crd;
  const mark = "external-secrets.io/provider-config";
  t.match(crd, {
    metadata: { name: "vaults.provider.external-secrets.io", labels: { [mark]: "true" } },
    spec: { scope: "Namespaced", versions: [{ name: "v2alpha1", served: true, storage: true }] },
  });
  const { references } = await import("../src/core/credentials/gen/references.ts");
  t.strictSame(JSON.parse(crd.metadata.annotations?.[mark] ?? ""), {
    key: "vault",
    references: references.get("vault"),
  });
});

test("each provider's overlay says that it serves what its provider.yaml does", async (t) => {
  const path = pathToFileURL(join(root, "scripts/generate/specs.mjs")).href;
  const { readSpecs } = (await import(path)) as { readSpecs: (root: string) => Promise<readonly Spec[]> };
  const specs = await readSpecs(root);
  t.ok(specs.length > 1);
  for (const { key, kind, file } of specs) {
    const overlay = readFileSync(
      join(root, "deploy/kustomize/providers", basename(dirname(file)), "kustomization.yaml"),
      "utf8",
    );
    const [, served = ""] = /external-secrets.io~1serves\n +value: (.*)/.exec(overlay) ?? [];
    const wanted = [key, ...(kind ? [`${kind.kind}.${kind.group}`] : [])];
    for (const name of wanted) t.ok(served.split(/[, ]+/).includes(name), `${file}: ${name}`);
  }
});

interface Spec {
  readonly key: string;
  readonly kind?: { readonly kind: string; readonly group: string };
  readonly file: string;
}

interface Crd {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly scope: string;
    readonly names: { readonly shortNames: readonly string[]; readonly categories: readonly string[] };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly deprecated?: boolean;
      readonly additionalPrinterColumns: readonly { readonly name: string }[];
      readonly selectableFields?: readonly { readonly jsonPath: string }[];
      readonly schema: { readonly openAPIV3Schema: { readonly properties: { readonly spec: SpecSchema } } };
    }[];
  };
}

interface SpecSchema {
  readonly properties: { readonly provider: ProviderSchema };
}

interface ProviderSchema {
  readonly maxProperties: number;
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

test("the CRDs have what ESO's have", (t) => {
  const columns = {
    externalsecrets: ["StoreType", "Store", "Refresh Interval", "Status", "Ready", "Last Sync"],
    secretstores: ["AGE", "Status", "Capabilities", "Ready"],
    clustersecretstores: ["AGE", "Status", "Capabilities", "Ready"],
  };
  const shortNames = { externalsecrets: "es", secretstores: "ss", clustersecretstores: "css" };
  for (const plural of ["externalsecrets", "secretstores", "clustersecretstores"] as const) {
    const text = readFileSync(join(root, `deploy/crds/external-secrets.io_${plural}.yaml`), "utf8");
    t.notMatch(text, "x-outboard", `${plural}: our own keywords are gone`);
    const { metadata, spec } = parse(text) as Crd;
    t.equal(metadata.labels["external-secrets.io/component"], "controller");
    t.equal(spec.scope, plural === "clustersecretstores" ? "Cluster" : "Namespaced");
    t.match(spec.names, { shortNames: [shortNames[plural]], categories: ["external-secrets"] });
    t.match(spec.versions, [
      { name: "v1", served: true, storage: true },
      { name: "v1beta1", served: false, storage: false, deprecated: true },
    ]);
    const names = spec.versions[0]?.additionalPrinterColumns.map(({ name }) => name);
    t.strictSame(names, columns[plural]);
    if (plural === "externalsecrets") {
      const paths = spec.versions[0]?.selectableFields?.map(({ jsonPath }) => jsonPath);
      const fields = ["secretStoreRef.name", "secretStoreRef.kind", "target.name", "refreshInterval"];
      t.strictSame(
        paths,
        fields.map((field) => `.spec.${field}`),
      );
    } else {
      const provider = spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties.provider;
      t.equal(provider?.maxProperties, 1);
      t.equal(Object.keys(provider?.properties ?? {}).length, 43, "every key of ESO");
      t.match(provider?.properties["aws"], { type: "object", "x-kubernetes-preserve-unknown-fields": true });
      t.match(provider?.properties["vault"], { type: "object", required: ["server"] });
      t.notOk(provider?.properties["vault"]?.["x-kubernetes-preserve-unknown-fields"], "a built key is closed");
    }
  }
  t.end();
});
