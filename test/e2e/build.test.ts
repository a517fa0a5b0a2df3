import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { plainCommand } from "../plain-command.ts";
import { dist, root } from "../test-bundles.ts";
import { build, cloneCheckout } from "./checkout.ts";

/** What esbuild says a bundle was made of. */
function inputsOf(bundle: string): readonly string[] {
  const metafile = JSON.parse(readFileSync(join(dist, `${bundle}.meta.json`), "utf8")) as { inputs: object };
  return Object.keys(metafile.inputs);
}

interface Content {
  readonly bundle: string;
  /** Each is in it, so that the other list means something. */
  readonly has: readonly RegExp[];
  readonly lacks: readonly RegExp[];
}

const contents: readonly Content[] = [
  {
    bundle: "providers/fake/provider",
    has: [/^src\/providers\/fake\//, /^src\/host\//, /^src\/adapter\//],
    lacks: [
      /^src\/sdk\//,
      /node_modules\/undici\//,
      /^src\/(core|cluster|local|certs|cli)\//,
      /^src\/providers\/(?!fake\/)/,
    ],
  },
  {
    bundle: "providers/vault/provider",
    has: [/^src\/providers\/vault\//, /^src\/sdk\//, /node_modules\/undici\//],
    lacks: [/^src\/(core|cluster|local|certs|cli)\//, /^src\/providers\/(?!vault\/)/],
  },
  {
    bundle: "core/outboard",
    has: [/^src\/core\//, /^src\/cluster\//, /^src\/local\//],
    lacks: [/^src\/(providers|sdk|host|adapter)\//],
  },
];

test("a bundle holds what it needs and nothing that it may not", async (t) => {
  for (const { bundle, has, lacks } of contents) {
    const inputs = inputsOf(bundle);
    for (const pattern of has)
      t.ok(
        inputs.some((input) => pattern.test(input)),
        `${bundle} has ${pattern}`,
      );
    for (const pattern of lacks)
      t.strictSame(
        inputs.filter((input) => pattern.test(input)),
        [],
        `${bundle}: ${pattern}`,
      );
  }
});

/** Names and hashes of what a build wrote, but for the metafiles: they say where the packages are. */
function hashes(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".meta.json"))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files
      .sort()
      .map((file) => [file.slice(folder.length + 1), createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

test("two clones in two folders, with other TZ, umask and locale, give the same bytes", async (t) => {
  const [first, second] = [cloneCheckout(t, "a"), cloneCheckout(t, "somewhere else/deeper")];
  const [one, two] = [
    build(first, ["--all"], { env: { TZ: "UTC", LANG: "C" } }),
    build(second, ["--all"], { env: { TZ: "Pacific/Kiritimati", LANG: "tr_TR.UTF-8", HOME: second }, umask: "077" }),
  ];
  t.equal(one.code, 0, one.stderr);
  t.equal(two.code, 0, two.stderr);
  const [left, right] = [hashes(join(first, "dist")), hashes(join(second, "dist"))];
  t.strictSame(left, right);
  const bundles = ["core/outboard.cjs", "providers/fake/provider.cjs", "providers/vault/provider.cjs"];
  for (const name of [...bundles, "providers.json"]) t.ok(left[name] !== undefined, name);

  const again = build(first, ["vault"]);
  t.equal(again.code, 0, again.stderr);
  t.strictSame(hashes(join(first, "dist")), left, "one of them built again changes nothing");

  const start = spawnSync(...plainCommand("npm", ["start", "--silent"]), { cwd: second, encoding: "utf8" });
  t.equal(start.status, 0, start.stderr);
  t.match(start.stdout, Buffer.from("not-a-secret-just-an-example").toString("base64"), "npm start shows a value");
});

test("a bundle says its size, packages and time when it is built", async (t) => {
  const built = build(root, ["fake", "--out", t.testdir()]);
  t.equal(built.code, 0, built.stderr);
  t.match(built.stdout, /^fake: \d+ KiB, packages: .*@grpc\/grpc-js.*, \d+ ms$/m);
});

/** What is appended to a file of a clone, what then refuses to build, and what it says. */
const strays: readonly (readonly [file: string, text: string, args: readonly string[], said: RegExp])[] = [
  [
    "src/providers/vault/vault.ts",
    'export { provider as other } from "../fake/fake.ts";',
    ["vault"],
    /vault: the bundle holds what it may not:[^]*src\/providers\/fake\/fake\.ts: src\/providers may not be in this bundle/,
  ],
  [
    "src/providers/vault/vault.ts",
    'export { startCore } from "../../core/core.ts";',
    ["vault"],
    /src\/core\/core\.ts: src\/core may not be in this bundle/,
  ],
  [
    "src/sdk/value.ts",
    'export { Queue } from "../cluster/queue.ts";',
    ["vault"],
    /src\/cluster\/queue\.ts: src\/cluster may not be in this bundle/,
  ],
  [
    "src/providers/fake/fake.ts",
    'export { parse } from "yaml";',
    ["fake"],
    /fake: [^]*package yaml is named neither by provider\.yaml nor by scripts\/bundle\/rules\.mjs/,
  ],
  [
    "src/providers/vault/provider.yaml",
    "  - left-pad",
    ["vault"],
    /vault: provider\.yaml names packages that the bundle does not hold: left-pad/,
  ],
  [
    "src/core/core.ts",
    'export { provider } from "../providers/fake/fake.ts";',
    ["--all"],
    /core: the bundle holds what it may not:[^]*src\/providers\/fake\/fake\.ts/,
  ],
  [
    "src/local/run.ts",
    'export { inProcess } from "../host/in-process.ts";',
    ["--all"],
    /core: the bundle holds what it may not:[^]*src\/host\/in-process\.ts/,
  ],
  [
    "src/core/core.ts",
    'export { Minipass } from "minipass";',
    ["--all"],
    /core: the bundle holds what it may not:[^]*package minipass is named/,
  ],
  ["src/providers/fake/fake.ts", 'export * from "./gone.ts";', ["fake"], /src\/providers\/fake\/fake\.ts:\d+: .*gone/],
];

test("a stray import fails the build and is named", async (t) => {
  const clone = cloneCheckout(t, "clone");
  for (const [file, text, args, said] of strays) {
    const path = join(clone, file);
    const before = readFileSync(path);
    appendFileSync(path, `${text}\n`);
    const { code, stderr } = build(clone, args);
    t.equal(code, 1, `${file}: ${text}`);
    t.match(stderr, said);
    t.notMatch(stderr, /\n {4}at /, "no stack");
    writeFileSync(path, before);
  }
  t.equal(build(clone, ["--all"]).code, 0, "without them it builds");
});

const good = {
  name: "name: sample",
  displayName: "displayName: Sample",
  stores: "stores: [{ key: sample, module: ./sample.ts, provider: provider, spec: ./spec.ts }]",
};
const yaml = (changes: Partial<Record<keyof typeof good | "more", string>>) =>
  Object.values({ ...good, ...changes })
    .filter((line) => line !== "")
    .join("\n");
const storesWith = (text: string) => yaml({ stores: `stores:\n  - ${text.split("\n").join("\n    ")}` });
const files = "key: sample\nmodule: ./sample.ts\nprovider: provider\nspec: ./spec.ts";
const inline = (key: string) => `key: ${key}, module: ./sample.ts, provider: provider, spec: ./spec.ts`;

/** A provider.yaml (undefined: there is none), where it is wrong (line and key), and how. */
const faults: readonly (readonly [text: string | undefined, where: string, said: RegExp])[] = [
  [undefined, "", /there is no such file; every provider folder needs one/],
  ["name: [", "1", /not YAML/],
  ["name: sample\nname: sample", "2", /not YAML: DUPLICATE_KEY/],
  ["[]", "1: \\(root\\)", /object/],
  [yaml({ name: "" }), "1: name", /required/],
  [yaml({ name: "name: other" }), "1: name", /must be the folder's name, sample/],
  [yaml({ name: "name: [sample]" }), "1: name", /string/],
  [yaml({ displayName: "displayName: ''" }), "2: displayName", /./],
  [yaml({ more: "mantenance: Maintained" }), "4: mantenance", /not a field|unknown/],
  [yaml({ more: "maintenance: Abandoned" }), "4: maintenance", /Maintained/],
  [yaml({ more: "packages: undici" }), "4: packages", /array|list/],
  [yaml({ stores: "stores: []" }), "3: stores", /./],
  [storesWith(files.replace("key: sample", "key: a.b")), "4: stores.0.key", /./],
  [storesWith(files.replace("\nspec: ./spec.ts", "")), "4: stores.0.spec", /required/],
  [storesWith(files.replace("./sample.ts", "../vault/vault.ts")), "5: stores.0.module", /./],
  [storesWith(files.replace("./spec.ts", "./gone.ts")), "7: stores.0.spec", /there is no such file/],
  [storesWith(files.replace("provider: provider", "provider: a-b")), "6: stores.0.provider", /./],
  [storesWith(`${files}\nserves: all`), "8: stores.0.serves", /not a field|unknown/],
  [storesWith(`${files}\nkind: sample`), "8: stores.0.kind", /must match/],
  [storesWith(`${files}\nkind: Sample\napiVersion: v1`), "9: stores.0.apiVersion", /must match/],
  [storesWith(`${files}\napiVersion: example.com/v1`), "8: stores.0.apiVersion", /the store has none/],
  [
    yaml({ stores: `stores: [${["a", "b"].map((key) => `{ ${inline(key)}, kind: Sample }`).join(", ")}]` }),
    "3: stores.1.kind",
    /v2alpha1 Sample is served twice/,
  ],
  [yaml({ stores: `${good.stores.slice(0, -1)}, ${good.stores.slice(9)}` }), "3: stores.1.key", /twice/],
];

test("a provider.yaml that is wrong is told by file, line and key", async (t) => {
  const folder = t.testdir();
  const path = join(folder, "sample", "provider.yaml");
  const run = (text: string | undefined) => {
    mkdirSync(join(folder, "sample"), { recursive: true });
    writeFileSync(join(folder, "sample", "sample.ts"), 'export const provider = { name: "sample" };\n');
    writeFileSync(join(folder, "sample", "spec.ts"), "export const spec = {};\n");
    if (text !== undefined) writeFileSync(path, text);
    return build(root, ["sample", "--providers", folder, "--out", join(folder, "out")]);
  };
  for (const [text, where, said] of faults) {
    const { code, stderr } = run(text);
    const what = text ?? "no file";
    t.equal(code, 1, what);
    t.match(stderr, new RegExp(`sample/provider\\.yaml:${where}`), what);
    t.match(stderr, said, what);
  }
  t.notOk(existsSync(join(folder, "out")), "nothing was written");
  const built = run(yaml({}));
  t.equal(built.code, 0, built.stderr);
  const missing = run(yaml({ stores: good.stores.replace("provider: provider", "provider: nothing") }));
  t.equal(missing.code, 1, "an export that is not there");
  t.match(missing.stderr, /nothing/);
});
