import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import t from "tap";
import { escapeControl } from "../api/escape.ts";
import { serveEndpoints } from "./endpoints.ts";
import { createLogger, errorTrail } from "./logs.ts";
import { parseListenAddress } from "./listen-address.ts";
import { createRegistry, Counter, Registry } from "./metrics.ts";
import { serveProbes } from "./probes.ts";
import { helpText, parseSettings, UsageError, wantsHelp, type SettingTable } from "./settings.ts";

const table = {
  port: { flag: "--port", type: "integer", default: 8080, min: 0, max: 65_535, doc: "Port to listen on." },
  drainTimeout: { flag: "--drain-timeout", type: "duration", default: "30s", doc: "Longest wait for calls in flight." },
  files: { flag: "--file", short: "-f", type: "strings", required: true, doc: "Manifests." },
  level: {
    flag: "--log-level",
    type: "string",
    choices: ["debug", "info"],
    default: "info",
    doc: "Least level logged.",
  },
  out: { flag: "--out", type: "string", doc: "Folder to write to." },
  watch: { flag: "--watch", type: "boolean", doc: "Stay." },
} as const satisfies SettingTable;

const drainTimeout = (text: string) => parseSettings(table, ["-f", "a", "--drain-timeout", text]).drainTimeout;

t.test("flags are taken as --flag value, --flag=value and -f value, and absent ones have their defaults", async (t) => {
  const values = parseSettings(table, ["-f", "a", "--file=b=c", "--drain-timeout", "1m30s", "--watch", "--port=0"]);
  t.strictSame(values, {
    port: 0,
    drainTimeout: 90_000,
    files: ["a", "b=c"],
    level: "info",
    out: undefined,
    watch: true,
  });
  const drain: number = values.drainTimeout;
  const level: "debug" | "info" = values.level;
  t.strictSame([drain, level], [90_000, "info"], "types follow the table");
  t.equal(parseSettings(table, ["-f", "a"]).drainTimeout, 30_000);
  t.equal(parseSettings(table, ["-f", "a", "--watch=false"]).watch, false);
});

t.test("what is wrong with a command line is said with the flag and the way out", async (t) => {
  const cases: readonly [string, readonly string[], RegExp][] = [
    ["a missing required flag", [], /^--file is required: Manifests\.$/],
    ["an unknown flag", ["--nope=1"], /^unknown flag --nope: --help lists them$/],
    ["a flag that only Object.prototype has", ["toString"], /^unexpected argument toString/],
    ["a value without flag", ["x\u001b[31m"], /^unexpected argument x\\x1b\[31m: values follow a flag$/],
    ["a flag without value", ["--file"], /^--file needs a value: --file strings$/],
    ["a flag twice", ["--out", "a", "--out=b"], /^--out is given twice: keep one$/],
    ["no number", ["-f", "a", "--port", "8e1"], /^--port is 8e1: it must be a whole number from 0 to 65535$/],
    ["a number out of range", ["-f", "a", "--port", "65536"], /^--port is 65536: /],
    [
      "no duration",
      ["-f", "a", "--drain-timeout", "30"],
      /^--drain-timeout is 30: it must be a duration such as "30s"/,
    ],
    ["no boolean", ["-f", "a", "--watch=yes"], /^--watch is yes: it must be true or false$/],
    ["no choice", ["-f", "a", "--log-level", "loud"], /^--log-level is loud: it must be one of debug, info$/],
  ];
  for (const [name, argv, message] of cases)
    t.throws(() => parseSettings(table, argv), { name: "UsageError", message }, name);
  t.ok(new UsageError("x") instanceof Error);
});

t.test("durations are Go's", async (t) => {
  for (const [text, expected] of [
    ["0", 0],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["2h45m0.5s", 9_900_500],
    ["1500us", 2],
  ] as const) {
    t.equal(drainTimeout(text), expected, text);
  }
  for (const text of ["", "s", "1", "-1s", "1 s", "1d", "1sx", "1e3s"])
    t.throws(() => drainTimeout(text), { name: "UsageError" }, text);
});

t.test("the help text lists each flag with type, default and choices", async (t) => {
  const text = helpText("Usage: thing [flags]", table);
  t.match(text, /^Usage: thing \[flags\]\n\nFlags:\n {2}--port integer/);
  t.match(text, "-f, --file string...");
  t.match(text, "Manifests. (required)");
  t.match(text, "Least level logged. One of debug, info. (default info)");
  t.match(text, "(default 30s)");
  t.equal(
    new Set(
      text
        .split("\n")
        .slice(3, 9)
        .map((line) => line.search(/(?<= {2})[A-Z]/)),
    ).size,
    1,
    "one column",
  );
  t.ok(wantsHelp(["-f", "a", "--help"]) && wantsHelp(["-h"]) && !wantsHelp(["--port", "1"]));
});

t.test("control characters and invisible marks of foreign text are escaped, the rest is left alone", async (t) => {
  t.equal(
    escapeControl("a\u001b[2J\r\n\tb\u0000\u009b\u202e\u2028\u200b"),
    String.raw`a\x1b[2J\r\n\tb\x00\x9b\u202e\u2028\u200b`,
  );
  t.equal(escapeControl("\ud800x"), String.raw`\ud800x`, "a lone surrogate");
  t.equal(escapeControl("Zürich 🔑 \\n"), "Zürich 🔑 \\n");
});

t.test("a log line is JSON with time, level and name, and below the level nothing is written", async (t) => {
  const lines: string[] = [];
  const logger = createLogger({ name: "core", level: "info", destination: { write: (line) => void lines.push(line) } });
  logger.debug("unseen");
  logger.info({ store: "a" }, "hello");
  t.equal(lines.length, 1);
  const line: unknown = JSON.parse(lines[0] ?? "");
  t.match(line, { level: "info", name: "core", store: "a", msg: "hello", time: /^\d{4}-\d\d-\d\dT.*Z$/ });
});

t.test("the trail of an error has its class and places, never its message", async (t) => {
  const error = new SyntaxError("Unexpected token in hunter2\n    hunter2");
  const trail = errorTrail(error);
  t.equal(trail.type, "SyntaxError");
  t.ok(trail.at.length > 0 && trail.at.every((line) => line.startsWith("at ")));
  t.notMatch(JSON.stringify(trail), "hunter2");
  t.strictSame(errorTrail("hunter2"), { type: "string", at: [] });
});

t.test("probes say whether the process lives, is ready, and what it counted", async (t) => {
  const registry = createRegistry();
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  let awaited = ["tls.crt in /certs\u001b[1m"];
  const probes = await serveProbes({ host: "127.0.0.1", port: 0, registry, ready: () => awaited });
  t.teardown(() => probes.close());
  const get = async (path: string, method = "GET") => {
    const response = await fetch(`http://127.0.0.1:${probes.port}${path}`, { method });
    return [response.status, await response.text()] as const;
  };
  t.strictSame(await get("/healthz"), [200, "ok\n"]);
  t.strictSame(await get("/readyz"), [503, "waiting for tls.crt in /certs\\x1b[1m\n"]);
  awaited = [];
  t.strictSame(await get("/readyz?verbose"), [200, "ready\n"]);
  const [status, text] = await get("/metrics");
  t.equal(status, 200);
  t.match(text, "things_total 3");
  t.match(text, "nodejs_eventloop_lag_seconds");
  t.equal((await get("/else"))[0], 404);
  t.equal((await get("/healthz", "POST"))[0], 405);
});

t.test("a process that was asked to end ends in its own time, and at once when asked twice", async (t) => {
  const module = fileURLToPath(new URL("shutdown.ts", import.meta.url));
  const start = async (body: string) => {
    const script = `const { shutdownSignal } = await import(${JSON.stringify(module)}); ${body}`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.teardown(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    return child;
  };
  const patient = `const s = shutdownSignal(); setInterval(() => {}, 1000); console.log("up"); s.onabort = () => console.log("asked");`;
  const twice = await start(patient);
  twice.kill("SIGTERM");
  t.equal(String((await once(twice.stdout, "data"))[0]), "asked\n");
  twice.kill("SIGTERM");
  t.strictSame(await once(twice, "exit"), [143, null]);

  const orphan = await start(
    `const s = shutdownSignal(process.stdin); setInterval(() => {}, 1000); console.log("up"); s.onabort = () => process.exit(7);`,
  );
  orphan.stdin.end();
  t.strictSame(await once(orphan, "exit"), [7, null], "the end of the parent's pipe counts");
});

t.test("an address to listen on has Go's form", (t) => {
  const addresses: readonly (readonly [text: string, expected: unknown])[] = [
    [":8080", { host: "::", port: 8080 }],
    ["127.0.0.1:0", { host: "127.0.0.1", port: 0 }],
    ["[::1]:8082", { host: "::1", port: 8082 }],
    ["0", undefined],
  ];
  for (const [text, expected] of addresses) t.strictSame(parseListenAddress("--metrics-addr", text), expected, text);
  for (const text of ["", "8080", "::1:8080", "host", ":", ":70000", ":-1", "[::1]"]) {
    t.throws(() => parseListenAddress("--metrics-addr", text), { name: "UsageError" }, text);
  }
  t.end();
});

t.test("metrics and probes have addresses of their own; 0 turns one off", async (t) => {
  const what = { registries: () => [new Registry()], ready: () => ["a certificate"] };
  const endpoints = await serveEndpoints({ metricsAddr: "127.0.0.1:0", liveAddr: "127.0.0.1:0" }, what);
  t.teardown(() => endpoints.close());
  const { metricsPort, livePort } = endpoints.ports;
  const ask = async (port: number | undefined, path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return [answer.status, await answer.text()];
  };
  t.equal((await ask(metricsPort, "/metrics"))[0], 200);
  t.strictSame(await ask(metricsPort, "/readyz"), [404, "served here: /metrics\n"]);
  t.strictSame(await ask(livePort, "/readyz"), [503, "waiting for a certificate\n"]);
  t.strictSame(await ask(livePort, "/healthz"), [200, "ok\n"]);
  t.strictSame((await ask(livePort, "/metrics"))[0], 404);
  await t.rejects(serveEndpoints({ metricsAddr: "0", liveAddr: `127.0.0.1:${livePort}` }, what), {
    message: /EADDRINUSE.*choose another with --live-addr/,
  });
  const none = await serveEndpoints({ metricsAddr: "0", liveAddr: "0" }, what);
  t.strictSame(none.ports, {});
});
