import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { parseAllDocuments } from "yaml";
import { runOutboard } from "./outboard.ts";

/** The keys of each Secret that `--stdout` printed, as text. */
function printed(stdout: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const manifests = parseAllDocuments(stdout).map(
    (document) => document.toJS() as { metadata: { name: string }; data: Record<string, string> } | null,
  );
  return Object.fromEntries(
    manifests.flatMap((manifest) => (manifest ? [[manifest.metadata.name, textsOf(manifest.data)]] : [])),
  );
}

function textsOf(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]));
}

const example = "examples/config-kinds";
const PASSWORD = "not-a-secret-just-an-example";
const args = (folder: string) => ["local", "-f", folder, "--once", "--stdout"];

test("a config object is used by a store, a Provider, a ClusterProvider and an ExternalSecret", async (t) => {
  const { code, stdout, stderr } = await runOutboard(t, args(example));
  t.equal(code, 0, stderr);
  t.strictSame(printed(stdout), {
    "through-a-store": { PASSWORD },
    "through-a-provider": { PASSWORD },
    "through-a-cluster-provider": { PASSWORD },
    "without-a-store": { PASSWORD, HOST: "db.example.com" },
  });
  t.match(stderr, /8 of 8 Ready/, "what is named itself is reported too");
  t.notMatch(stderr, PASSWORD, "stderr has no value");
});

/** A change of the example, and what is said of it. */
const broken: readonly (readonly [name: string, from: RegExp, to: string, said: RegExp])[] = [
  [
    "a config object that is not there",
    /kind: Fake\nmetadata:\n {2}name: examples/,
    "kind: Fake\nmetadata:\n  name: other",
    /SecretStore shop\/by-store not Ready[^]*create it or correct spec\.providerRef/,
  ],
  [
    "a version that is not served",
    /v2alpha1\n( +)kind: Fake/g,
    "v3\n$1kind: Fake",
    /Provider shop\/by-provider not Ready[^]*is not served in that version, but in v2alpha1/,
  ],
  [
    "a namespace beside a store's",
    /name: examples\n---/g,
    "name: examples\n    namespace: shop\n---",
    /spec\.providerRef\.namespace: must not be set: the config object is in the same namespace/,
  ],
  [
    "a namespace that a ClusterProvider does not let in",
    /\[shop, billing\]/,
    "[shop]",
    /ExternalSecret billing\/through-a-cluster-provider not Ready/,
  ],
  [
    "a field that the provider does not have",
    /value: db\.example\.com/,
    "val: db.example.com",
    /spec\.data\[1\]\.val: is not a field of this object/,
  ],
  [
    "a kind that nobody has",
    /kind: Fake\n {4}name: examples\n {2}data/,
    "kind: Fkae\n    name: examples\n  data",
    /could not get Fkae\.provider\.external-secrets\.io "examples"/,
  ],
];

for (const [name, from, to, said] of broken) {
  test(`${name} is told, and what does not need it works`, async (t) => {
    const files = ["config.yaml", "stores.yaml", "externalsecrets.yaml"];
    const folder = t.testdir(
      Object.fromEntries(files.map((file) => [file, readFileSync(join(example, file), "utf8").replace(from, to)])),
    );
    const { code, stderr } = await runOutboard(t, args(folder));
    t.equal(code, 1);
    t.match(stderr, said);
    t.notMatch(stderr, PASSWORD);
  });
}
