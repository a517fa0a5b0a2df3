import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { test } from "tap";
import type { Test } from "tap";
import { parseAllDocuments } from "yaml";
import { findLeaks } from "../../test/leak-search.ts";
import { plainCommand } from "../../test/plain-command.ts";

const root = join(import.meta.dirname, "..", "..");

/** Where the bundle of fake is built for these tests. */
const dist = mkdtempSync(join(tmpdir(), "outboard-dist-"));
execFileSync(...plainCommand(process.execPath, [join(root, "scripts/build-provider.mjs"), "fake", "--out", dist]));
process.once("exit", () => rmSync(dist, { recursive: true, force: true }));

/** A running `outboard`, whose keys lie below `temporary`. */
function start(t: Test, temporary: string, ...args: readonly string[]) {
  // After "--" Node leaves our --env-file to us.
  const [command, given] = plainCommand(process.execPath, ["--", join(root, "src/cli/main.ts"), ...args]);
  const child = spawn(command, given, {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  const run = {
    pid: child.pid ?? 0,
    stdout: "",
    stderr: "",
    exitCode: undefined as number | null | undefined,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  };
  child.stdout.setEncoding("utf8").on("data", (text) => (run.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (run.stderr += text));
  child.on("close", (exitCode) => (run.exitCode = exitCode));
  return run;
}

async function until(what: () => string, condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 40_000) throw new Error(`still waiting: ${what()}`);
    await sleep(20);
  }
}

/** Runs `outboard` to its end. */
async function outboard(t: Test, ...args: readonly string[]) {
  const temporary = t.testdir();
  const run = start(t, temporary, ...args);
  await until(
    () => run.stderr,
    () => run.exitCode !== undefined,
  );
  t.strictSame(readdirSync(temporary), [], "no key is left");
  return run;
}

/** Processes that a process started. */
function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}/stat`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

const store = (data: Readonly<Record<string, string>>, provider = "fake") =>
  JSON.stringify({
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "store" },
    spec: { provider: { [provider]: { data: Object.entries(data).map(([key, value]) => ({ key, value })) } } },
  });

const reference = (name: string, keys: Readonly<Record<string, string>>) =>
  JSON.stringify({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name },
    spec: {
      secretStoreRef: { name: "store" },
      data: Object.entries(keys).map(([secretKey, key]) => ({ secretKey, remoteRef: { key } })),
    },
  });

/** A folder of manifests outside of the test's own, which `outboard` empties for each run. */
function folder(t: Test, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), "outboard-manifests-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

test("the quick start gives its Secrets, out of a provider in a process of its own", async (t) => {
  const run = await outboard(t, "local", "-f", "examples/quickstart", "--bundle-dir", dist, "--once", "--stdout");
  t.equal(run.exitCode, 0, run.stderr);
  const manifests = parseAllDocuments(run.stdout).map((document) => document.toJS());
  t.strictSame(
    manifests.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ["shop/database", "shop/database-config", "shop/feature-flags"],
  );
  const [database] = manifests;
  t.equal(Buffer.from(database.data.PASSWORD, "base64").toString(), "not-a-secret-just-an-example");
  t.match(run.stderr, `providers come from ${dist}: its providers.json is trusted`);
  t.match(run.stderr, /4 of 4 Ready/);
});

test("no value is printed that was not asked for", async (t) => {
  const secret = randomBytes(32);
  const files = {
    "a.json": store({ a: secret.toString("base64") }),
    "b.json": reference("app", { a: "a", b: "none" }),
  };
  const run = await outboard(t, "local", "-f", folder(t, files), "--bundle-dir", dist, "--log-level", "debug");
  t.equal(run.exitCode, 1);
  t.strictSame(findLeaks(Buffer.from(secret.toString("base64")), run.stdout + run.stderr), []);
  t.equal(run.stdout, "");
});

test("what is wrong is told with its place and remedy, and everything else still syncs", async (t) => {
  const files = {
    "a.json": store({ a: "it's $1", b: "plain" }),
    "b.json": reference("good", { GOOD: "b", NO_LINE: "a" }),
    "c.json": reference("missing", { x: "none" }),
    "d.yaml": "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: typo}\nspec:\n  sekret: 1\n",
  };
  const manifests = folder(t, files);
  const env = join(manifests, "out.env");
  const run = await outboard(t, "local", "-f", manifests, "--bundle-dir", dist, "--env-file", env);
  t.equal(run.exitCode, 1);
  t.match(run.stderr, `${join(manifests, "d.yaml")}:5:`);
  t.match(run.stderr, /spec\.sekret: is not a field/);
  t.match(
    run.stderr,
    /ExternalSecret default\/missing not Ready.*\n.*Secret does not exist\n {2}to mend it: create it in the backend/,
  );
  t.match(run.stderr, "Secret default/good, key NO_LINE: the value has a single quote");
  t.match(run.stderr, /2 of 3 Ready/);
  t.strictSame({ ...parseEnv(readFileSync(env, "utf8")) }, { GOOD: "plain" });
});

test("a bundle that is not the one that was built, or does not run, is named", async (t) => {
  const bundles = folder(t, {});
  cpSync(dist, bundles, { recursive: true });
  const file = join(bundles, "providers/fake/provider.cjs");
  const manifests = folder(t, { "a.json": store({ a: "b" }), "b.json": reference("app", { a: "a" }) });
  const bytes = readFileSync(file);
  bytes[bytes.length - 2] = 0x20;
  writeFileSync(file, bytes);
  const changed = await outboard(t, "local", "-f", manifests, "--bundle-dir", bundles);
  t.equal(changed.exitCode, 1);
  t.match(changed.stderr, /provider fake is refused: the sha256 of its bundle/);

  const text = "process.exit(3);\n";
  writeFileSync(file, text);
  const json = JSON.parse(readFileSync(join(bundles, "providers.json"), "utf8"));
  json.providers[0].sha256 = createHash("sha256").update(text).digest("hex");
  writeFileSync(join(bundles, "providers.json"), JSON.stringify(json));
  const ended = await outboard(t, "local", "-f", manifests, "--bundle-dir", bundles);
  t.equal(ended.exitCode, 1);
  t.match(ended.stderr, "provider fake ended with code 3");

  const none = await outboard(t, "local", "-f", manifests, "--bundle-dir", join(bundles, "none"));
  t.equal(none.exitCode, 1);
  t.match(none.stderr, /there is no folder of bundles/);
});

test("--watch follows the manifests, and outlives a provider that is killed", async (t) => {
  const manifests = folder(t, { "a.json": store({ a: "first" }), "b.json": reference("app", { a: "none" }) });
  const out = join(folder(t, {}), "out");
  const temporary = t.testdir();
  const run = start(t, temporary, "local", "-f", manifests, "--bundle-dir", dist, "--out", out, "--watch");
  const value = () =>
    existsSync(join(out, "default/app/a")) ? readFileSync(join(out, "default/app/a"), "utf8") : undefined;
  const said = () => run.stderr;
  await until(said, () => /default\/app not Ready/.test(run.stderr));
  writeFileSync(join(manifests, "b.json"), reference("app", { a: "a" }));
  await until(said, () => value() === "first");

  const [provider = 0] = childrenOf(run.pid);
  process.kill(provider, "SIGKILL");
  await until(said, () => childrenOf(run.pid).some((pid) => pid !== provider));
  writeFileSync(join(manifests, "a.json"), store({ a: "second", c: "c" }));
  writeFileSync(join(manifests, "b.json"), reference("app", { a: "a", c: "c" }));
  await until(said, () => value() === "second");

  writeFileSync(join(manifests, "b.json"), "{");
  await until(said, () => run.stderr.includes(join(manifests, "b.json:1")));
  t.equal(value(), "second", "a file that is being edited takes nothing away");
  writeFileSync(join(manifests, "b.json"), reference("other", { a: "a" }));
  await until(said, () => !existsSync(join(out, "default/app")) && existsSync(join(out, "default/other/a")));

  const children = childrenOf(run.pid);
  t.equal(children.length, 1);
  run.kill("SIGTERM");
  await until(said, () => run.exitCode !== undefined);
  t.equal(run.exitCode, 0, run.stderr);
  t.notOk(children.some(isAlive), "its provider is gone");
  t.strictSame(readdirSync(temporary), [], "its keys are gone");
});

test("no provider outlives an outboard that is killed", async (t) => {
  const manifests = folder(t, { "a.json": store({ a: "b" }) });
  const run = start(t, t.testdir(), "local", "-f", manifests, "--bundle-dir", dist, "--watch");
  await until(
    () => run.stderr,
    () => run.stderr.includes("SecretStore default/store Ready"),
  );
  const children = childrenOf(run.pid);
  t.equal(children.length, 1);
  run.kill("SIGKILL");
  await until(
    () => "the provider lives on",
    () => !children.some(isAlive),
  );
});

test("a wrong command line ends with 2 and says what is wrong", async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /no command is given/],
    [["sync"], /no such command/],
    [["local"], /--file is required/],
    [["local", "-f", "x", "--stdout", "--out", "y"], /--out and --stdout exclude each other/],
    [["local", "-f", "x", "--once", "--watch"], /--once and --watch exclude each other/],
  ];
  for (const [args, message] of cases) {
    const run = await outboard(t, ...args);
    t.equal(run.exitCode, 2, args.join(" "));
    t.match(run.stderr, message);
  }
  t.match(await outboard(t, "help", "local"), { exitCode: 0, stdout: /--bundle-dir/ });
  t.match(await outboard(t, "version"), { exitCode: 0, stdout: /^outboard \d/ });
});
