import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "tap";
import type { Test } from "tap";
import { plainCommand } from "../../test/plain-command.ts";
import { readBundleManifest } from "./bundle-manifest.ts";
import type { Launch } from "./child.ts";
import { launchBundle } from "./launch.ts";
import { createSupervisor, restartDelay } from "./supervisor.ts";
import type { ProcessState } from "./supervisor.ts";

const address = `console.log(JSON.stringify({ port: 4711, metricsPort: 4712 }));`;
const untilStdinEnds = `process.stdin.on("end", () => process.exit(0)).resume();`;
const forever = `setInterval(() => undefined, 1000);`;

const scripts = {
  good: `${untilStdinEnds} console.error("pid " + process.pid); ${address}`,
  exits: `process.exit(3);`,
  garbage: `console.log("hello"); ${forever}`,
  badPort: `console.log('{"port":70000}'); ${forever}`,
  hangs: forever,
  stubborn: `process.on("SIGTERM", () => undefined); ${forever} console.error("pid " + process.pid); ${address}`,
  // Without what tap adds, which can be longer than a line may be.
  curious: `
    const tried = (path) => { try { require("node:fs").readFileSync(path); return "read"; } catch (error) { return error.code; } };
    const spawned = () => { try { require("node:child_process").execSync("true"); return "ran"; } catch (error) { return error.code; } };
    console.error(JSON.stringify({
      environment: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("_TAPJS_"))),
      arguments: process.argv.slice(2),
      passwd: tried("/etc/passwd"), key: tried(process.argv.find((flag) => flag.startsWith("--tls-dir=")).slice(10) + "/tls.key"), spawned: spawned(),
    }));
    ${untilStdinEnds} ${address}`,
};

/** With tap's NODE_OPTIONS a child would preload what the permission model keeps it from. */
function inTap(launch: Launch): Launch {
  const [command, args] = plainCommand(launch.command, launch.args);
  return { ...launch, command: `/usr/bin/${command}`, args };
}

/** A folder of bundles, one for each script, and the supervisor of it; everything it says is collected. */
async function supervise(t: Test, environment: Readonly<Record<string, string>> = {}, startTimeout = 20_000) {
  const files = Object.entries(scripts).map(([name, text]) => [`${name.toLowerCase()}.cjs`, text] as const);
  const providers = files.map(([file, text]) => ({
    name: file.replace(".cjs", ""),
    displayName: file,
    keys: [file.replace(".cjs", "")],
    file,
    sha256: createHash("sha256").update(text).digest("hex"),
    bytes: text.length,
  }));
  const folder = t.testdir({
    ...Object.fromEntries(files),
    "providers.json": JSON.stringify({ version: 1, providers }),
    tls: { "tls.key": "key" },
  });
  const states: [string, ProcessState][] = [];
  const lines: string[] = [];
  const supervisor = createSupervisor({
    manifest: await readBundleManifest(folder),
    launch: async (bundle) =>
      inTap(launchBundle(bundle, { environment, tlsDir: `${folder}/tls`, logLevel: "info", knowsFlag: () => false })),
    onState: (bundle, state) => states.push([bundle.name, state]),
    onLine: (_, line) => lines.push(line),
    startTimeout,
    stopGrace: 1_000,
  });
  t.teardown(() => supervisor.stop());
  return { folder, supervisor, states, lines };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 30_000) throw new Error(`still waiting: ${what}`);
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const pids = (lines: readonly string[]) =>
  lines.filter((line) => line.startsWith("pid ")).map((line) => Number(line.slice(4)));

test("a bundle runs once however often it is asked for, and ends on stop", async (t) => {
  const { supervisor, states, lines } = await supervise(t);
  t.equal(supervisor.state("good"), undefined);
  await Promise.all([supervisor.start("good"), supervisor.start("good")]);
  await supervisor.start("good");
  t.strictSame(supervisor.state("good"), { phase: "running", port: 4711 });
  t.strictSame(states, [
    ["good", { phase: "starting" }],
    ["good", { phase: "running", port: 4711 }],
  ]);
  await until("the pid", () => pids(lines).length === 1);
  await supervisor.stop();
  t.notOk(isAlive(pids(lines)[0] ?? 0));
  await supervisor.start("good");
  t.equal(pids(lines).length, 1, "nothing is started after stop");
});

test("what a child does instead of listening is the reason that stores get", async (t) => {
  const reasons = {
    exits: "provider exits ended with code 3",
    garbage: "provider garbage printed something else than its address; build it again",
    badport: "provider badport printed something else than its address; build it again",
  };
  const { supervisor } = await supervise(t);
  for (const [key, reason] of Object.entries(reasons)) {
    await supervisor.start(key);
    t.strictSame(supervisor.state(key), { phase: "failed", reason });
  }
  await supervisor.start("nothing-serves-this");
  t.equal(supervisor.state("nothing-serves-this"), undefined);
});

test("a child that says nothing is ended and named", async (t) => {
  const { supervisor } = await supervise(t, {}, 300);
  await supervisor.start("hangs");
  const reason = "provider hangs did not say within 0.3 s where it listens";
  t.strictSame(supervisor.state("hangs"), { phase: "failed", reason });
});

test("a child that is killed is started again, and its end is told in between", async (t) => {
  const { supervisor, states, lines } = await supervise(t);
  await supervisor.start("good");
  await until("the pid", () => pids(lines).length === 1);
  process.kill(pids(lines)[0] ?? 0, "SIGKILL");
  await until("a second process", () => states.filter(([, state]) => state.phase === "running").length === 2);
  t.strictSame(states[2], ["good", { phase: "failed", reason: "provider good was ended by SIGKILL" }]);
  await until("its pid", () => pids(lines).length === 2);
  t.not(pids(lines)[0], pids(lines)[1]);
});

test("a child that fails is tried again and again, and stays failed in between", async (t) => {
  const { supervisor, states } = await supervise(t);
  await supervisor.start("exits");
  await until("a third try", () => states.length >= 4);
  t.strictSame([...new Set(states.map(([, { phase }]) => phase))], ["starting", "failed"]);
  t.strictSame([0, 1, 2, 6, 7, 60].map(restartDelay), [100, 200, 400, 6_400, 10_000, 10_000]);
});

test("a child that does not end when asked is killed", async (t) => {
  const { supervisor, lines } = await supervise(t);
  await supervisor.start("stubborn");
  await until("the pid", () => pids(lines).length === 1);
  await supervisor.stop();
  t.notOk(isAlive(pids(lines)[0] ?? 0));
});

test("a changed bundle is refused by name, and runs when it is put back", async (t) => {
  const { supervisor, folder, states } = await supervise(t);
  writeFileSync(`${folder}/good.cjs`, scripts.good.replace("pid ", "PID "));
  await supervisor.start("good");
  t.match(supervisor.state("good"), { phase: "failed", reason: /^provider good is refused: the sha256 of its bundle/ });
  writeFileSync(`${folder}/good.cjs`, scripts.good);
  await until("it runs", () => states.some(([, { phase }]) => phase === "running"));
});

test("a child sees the variables of its way to the backend and nothing else of the machine", async (t) => {
  const { supervisor, lines } = await supervise(t, {
    PATH: "/bin",
    HOME: "/root",
    AWS_SECRET_ACCESS_KEY: "x",
    NODE_OPTIONS: "--inspect",
    HTTPS_PROXY: "http://proxy:1",
    no_proxy: "localhost",
    TZ: "UTC",
    SSL_CERT_FILE: "/etc/ssl/ca.pem",
  });
  await supervisor.start("curious");
  await until("its report", () => lines.some((line) => line.startsWith("{")));
  const report = JSON.parse(lines.find((line) => line.startsWith("{")) ?? "");
  t.strictSame(report.environment, {
    HTTPS_PROXY: "http://proxy:1",
    no_proxy: "localhost",
    TZ: "UTC",
    SSL_CERT_FILE: "/etc/ssl/ca.pem",
  });
  t.match(report, { passwd: "ERR_ACCESS_DENIED", key: "read", spawned: "ERR_ACCESS_DENIED" });
  t.ok(report.arguments.includes("--allow-client=spiffe://outboard.local/ns/outboard-local/sa/core"));
});

test("children end when their parent is killed", async (t) => {
  const { folder } = await supervise(t);
  const parent = `
    import { readBundleManifest } from ${JSON.stringify(import.meta.resolve("./bundle-manifest.ts"))};
    import { createSupervisor } from ${JSON.stringify(import.meta.resolve("./supervisor.ts"))};
    import { launchBundle } from ${JSON.stringify(import.meta.resolve("./launch.ts"))};
    const supervisor = createSupervisor({
      manifest: await readBundleManifest(${JSON.stringify(folder)}),
      launch: async (bundle) => launchBundle(bundle, { environment: {}, tlsDir: "/nowhere", logLevel: "info", knowsFlag: () => false }),
      onState: () => undefined, onLine: (_, line) => console.log(line), startTimeout: 20000, stopGrace: 1000,
    });
    await supervisor.start("good");`;
  const [command, args] = plainCommand(process.execPath, ["--input-type=module", "--eval", parent]);
  const killed = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: killed.stdout }).on("line", (line) => lines.push(line));
  await until("the child's pid", () => pids(lines).length === 1);
  const pid = pids(lines)[0] ?? 0;
  t.ok(isAlive(pid));
  killed.kill("SIGKILL");
  await once(killed, "exit");
  await until("the child is gone", () => !isAlive(pid));
});

test("flags that only newer Nodes know are given to them alone", (t) => {
  const bundle = { name: "a", displayName: "a", keys: ["a"], file: "/b/a.cjs", sha256: "", bytes: 0 };
  const args = (known: boolean, environment: Readonly<Record<string, string>> = {}) =>
    launchBundle(bundle, { environment, tlsDir: "/t", logLevel: "warn", knowsFlag: () => known }).args;
  t.notOk(args(false).includes("--allow-net"));
  t.ok(args(true).includes("--allow-net"));
  t.notOk(args(false).includes("--use-system-ca"));
  t.ok(args(false, { SSL_CERT_DIR: "/etc/ssl" }).includes("--use-system-ca"));
  t.end();
});
