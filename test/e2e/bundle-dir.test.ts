import { createHash } from "node:crypto";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type Test } from "tap";
import { testBundles } from "../test-bundles.ts";
import { documents, externalSecret, store, values } from "./manifests.ts";
import { runOutboard } from "./outboard.ts";

const fake = join("providers", "fake", "provider.cjs");

interface Entry {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
}

/** A copy of the test bundles that a test may spoil. */
function copiedBundles(t: Test): string {
  // Not below the checkout: `..` of it is then ours too.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outboard-bundles-")));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const bundles = join(folder, "bundles");
  cpSync(testBundles, bundles, { recursive: true });
  return bundles;
}

/** Rewrites what the manifest of a copy says of fake. */
function describeFake(bundles: string, changes: Partial<Entry>): void {
  const path = join(bundles, "providers.json");
  const { version, providers } = JSON.parse(readFileSync(path, "utf8")) as {
    version: number;
    providers: readonly Entry[];
  };
  const changed = providers.map((entry) => (entry.name === "fake" ? { ...entry, ...changes } : entry));
  writeFileSync(path, JSON.stringify({ version, providers: changed }));
}

/** Writes another program as fake's bundle, with its hash in the manifest. */
function replaceFake(bundles: string, program: string): void {
  writeFileSync(join(bundles, fake), program);
  describeFake(bundles, { sha256: createHash("sha256").update(program).digest("hex") });
}

/** Syncs one ExternalSecret of fake and one of the scripted provider with the bundles of a folder. */
async function sync(t: Test, bundles: string) {
  const manifests = t.testdir({
    "all.json": documents(
      store("fake", values({ a: "value of fake" })),
      externalSecret("of-fake", "fake", { a: "a" }),
      store("chef", values({ a: "value of another" })),
      externalSecret("of-another", "chef", { a: "a" }),
    ),
  });
  const out = join(bundles, "..", "out");
  const run = await runOutboard(t, ["local", "-f", manifests, "--once", "--out", out, "--bundle-dir", bundles]);
  const written = (name: string) => {
    try {
      return readFileSync(join(out, "default", name, "a"), "utf8");
    } catch {
      return undefined;
    }
  };
  return { ...run, ofFake: written("of-fake"), ofAnother: written("of-another") };
}

test("bundles as built sync, and the folder's manifest is said to be trusted", async (t) => {
  const bundles = copiedBundles(t);
  const run = await sync(t, bundles);
  t.match(run, { code: 0, ofFake: "value of fake", ofAnother: "value of another" }, run.stderr);
  t.match(run.stderr, `providers come from ${bundles}: its providers.json is trusted`);
});

test("one changed byte: fake is refused by name, and another provider still syncs", async (t) => {
  const bundles = copiedBundles(t);
  const bytes = readFileSync(join(bundles, fake));
  // Within a word of a message, so that the program would run just as well.
  const at = bytes.indexOf("may not call this provider");
  t.ok(at > 0);
  bytes[at] = "M".charCodeAt(0);
  writeFileSync(join(bundles, fake), bytes);
  const run = await sync(t, bundles);
  t.match(run, { code: 1, ofFake: undefined, ofAnother: "value of another" }, run.stderr);
  t.match(run.stderr, /provider fake is refused: the sha256 of its bundle is [0-9a-f]{64}, its manifest says/);
  t.match(run.stderr, "SecretStore default/fake not Ready");
});

test("a bundle that ends with 3 at once: exit 1, the message names fake and 3", async (t) => {
  const bundles = copiedBundles(t);
  replaceFake(bundles, "process.exit(3);\n");
  const run = await sync(t, bundles);
  t.match(run, { code: 1, ofFake: undefined, ofAnother: "value of another" }, run.stderr);
  t.match(run.stderr, "provider fake ended with code 3");
});

test("a bundle that prints something else than its address is ended and named", async (t) => {
  const bundles = copiedBundles(t);
  replaceFake(bundles, 'console.log("hello"); setInterval(() => {}, 1000);\n');
  const run = await sync(t, bundles);
  t.match(run, { code: 1, ofFake: undefined, ofAnother: "value of another" }, run.stderr);
  t.match(run.stderr, "provider fake printed something else than its address");
});

test("a bundle reads no file of the user, starts no program and sees nothing of the environment", async (t) => {
  const bundles = copiedBundles(t);
  const wanted = join(bundles, "..", "wanted");
  writeFileSync(wanted, "a file of the user");
  const program = `
    let code = 40;
    try { require("node:fs").readFileSync(${JSON.stringify(wanted)}); } catch { code += 1; }
    try { require("node:child_process").spawnSync("true"); } catch { code += 2; }
    if (process.env.HOME === undefined && process.env.PATH === undefined) code += 4;
    process.exit(code);
  `;
  replaceFake(bundles, program);
  t.match((await sync(t, bundles)).stderr, "provider fake ended with code 47");
});

test("a manifest that leads out of its folder is refused", async (t) => {
  const bundles = copiedBundles(t);
  const outside = join(bundles, "..", "outside.cjs");
  renameSync(join(bundles, fake), outside);
  for (const file of ["../outside.cjs", outside, "providers/../../outside.cjs"]) {
    describeFake(bundles, { file });
    const run = await sync(t, bundles);
    t.equal(run.code, 1, file);
    t.match(run.stderr, `the manifest of ${bundles} places the bundle of provider fake outside of it`, file);
    t.equal(run.ofAnother, undefined, "such a manifest is trusted in nothing");
  }
  describeFake(bundles, { file: fake });
  symlinkSync(outside, join(bundles, fake));
  const linked = await sync(t, bundles);
  t.match(linked, { code: 1, ofFake: undefined, ofAnother: "value of another" }, linked.stderr);
  t.match(linked.stderr, `the bundle of provider fake is a link out of ${bundles}`);
});
