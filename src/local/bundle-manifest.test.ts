import { createHash } from "node:crypto";
import { realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { checkBundle, readBundleManifest } from "./bundle-manifest.ts";

const text = "process.exit(0);\n";

const fake = {
  name: "fake",
  displayName: "Fake",
  keys: ["fake", "dummy"],
  file: "providers/fake/provider.cjs",
  sha256: createHash("sha256").update(text).digest("hex"),
  bytes: text.length,
};

const manifest = (...providers: readonly object[]) => JSON.stringify({ version: 1, providers });

const folderOf = (json: string) => ({
  "providers.json": json,
  providers: { fake: { "provider.cjs": text } },
  "outside.cjs": text,
});

test("bundles are found by each key that they serve, inside the folder", async (t) => {
  const folder = t.testdir(folderOf(manifest(fake, { ...fake, name: "other", keys: ["__proto__"] })));
  const { bundles } = await readBundleManifest(folder);
  t.strictSame([...bundles.keys()], ["fake", "dummy", "__proto__"]);
  const bundle = bundles.get("dummy");
  t.equal(bundle?.file, join(realpathSync(folder), "providers/fake/provider.cjs"));
  t.equal(bundles.get("__proto__")?.name, "other");
  t.equal(bundles.get("constructor"), undefined);
});

test("a manifest that the build did not write is refused, saying where and why", async (t) => {
  const { keys: _, ...keyless } = fake;
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /providers\.json is not JSON/],
    ["[]", /must be of type object/],
    ['{"version":2,"providers":[]}', /\/version: /],
    ['{"version":1,"providers":{}}', /\/providers: must be of type array/],
    [manifest(keyless), /\/providers\/0\/keys: is required/],
    [manifest({ ...fake, extra: 1 }), /\/providers\/0\/extra: is not a field/],
    [manifest({ ...fake, name: "Fake/.." }), /\/providers\/0\/name: must match/],
    [manifest({ ...fake, name: "x".repeat(64) }), /\/providers\/0\/name: must match/],
    [manifest({ ...fake, sha256: "abc" }), /\/providers\/0\/sha256: must match/],
    [manifest({ ...fake, keys: [] }), /\/providers\/0\/keys: must have at least 1 item/],
    [manifest({ ...fake, file: "../outside.cjs" }), /provider fake outside of it/],
    [manifest({ ...fake, file: "/etc/passwd" }), /provider fake outside of it/],
    [manifest({ ...fake, file: "providers/../../x" }), /provider fake outside of it/],
    [manifest({ ...fake, file: "." }), /provider fake outside of it/],
    [manifest({ ...fake, file: "a\0b" }), /provider fake outside of it/],
    [manifest(fake, { ...fake, name: "second" }), /providers fake and second both serve the key fake/],
    [manifest(fake, { ...fake, keys: ["x"] }), /lists provider fake twice/],
  ];
  for (const [json, message] of cases) {
    const folder = t.testdir({ dist: folderOf(json) });
    await t.rejects(readBundleManifest(join(folder, "dist")), { name: "BundleError", message });
  }
  await t.rejects(readBundleManifest(join(t.testdir(), "none")), { message: /there is no folder of bundles/ });
  await t.rejects(readBundleManifest(t.testdir()), { message: /providers\.json cannot be read.*--bundle-dir/ });
});

test("one changed byte, a missing file or a link out of the folder: refused, naming the provider", async (t) => {
  const folder = t.testdir({ dist: folderOf(manifest(fake)), "evil.cjs": text });
  const { folder: root, bundles } = await readBundleManifest(join(folder, "dist"));
  const bundle = bundles.get("fake");
  if (!bundle) throw new Error("no bundle");
  await checkBundle(root, bundle);
  writeFileSync(bundle.file, text.replace("0", "1"));
  await t.rejects(checkBundle(root, bundle), { name: "BundleError", message: /^provider fake is refused: the sha256/ });
  await t.rejects(checkBundle(root, { ...bundle, file: join(root, "none") }), {
    message: /provider fake cannot be read/,
  });
  symlinkSync(join(folder, "evil.cjs"), join(root, "link.cjs"));
  const link = { ...bundle, file: join(root, "link.cjs") };
  await t.rejects(checkBundle(root, link), { message: /provider fake is a link out of/ });
});
