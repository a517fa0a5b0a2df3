import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { until } from "../../test/local-world.ts";
import { mountedSecret } from "../../test/mounted-secret.ts";
import { createCa, issueLeaf } from "../certs/issue.ts";
import { certificates } from "../wire/certificates.ts";
import { channelCredentials } from "../wire/channel-credentials.ts";
import { ProviderClient } from "../wire/gen/outboard/v1/provider.ts";

const hour = 3_600_000;
const now = Date.now();
const core = "spiffe://cluster.local/ns/outboard/sa/core";
const ca = await createCa({ commonName: "test", validity: hour, now });
const leaf = await issueLeaf({ ca, usage: "server", dnsNames: ["test.secrets.svc"], validity: hour, now });
const module = fileURLToPath(new URL("main.ts", import.meta.url));
// What a bundle's generated entry does.
const entry = `
  import { main } from ${JSON.stringify(module)};
  const provider = { name: "test", capabilities: async () => ["get"] };
  main({ name: "test", displayName: "Test", version: "1.2.3", stores: [{ key: "test", provider, spec: {} }] });
`;

async function folder(t: Test, files: Readonly<Record<string, string>>) {
  const path = await mkdtemp(join(tmpdir(), "outboard-adapter-"));
  t.teardown(() => rm(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content, { mode: 0o600 });
  return path;
}

const files = { "ca.crt": ca.certPem, "tls.crt": leaf.certPem, "tls.key": leaf.keyPem };

const entryFolder = await mkdtemp(join(tmpdir(), "outboard-entry-"));
const entryFile = join(entryFolder, "entry.mjs");
await writeFile(entryFile, entry);
t.teardown(() => rm(entryFolder, { recursive: true }));

function start(t: Test, argv: readonly string[]) {
  const child = spawn(process.execPath, [entryFile, ...argv], { stdio: "pipe" });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

async function run(t: Test, argv: readonly string[]) {
  const child = start(t, argv);
  const ended = once(child, "exit");
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code]: unknown[] = await ended;
  return { code, stdout, stderr };
}

t.test("without --allow-client and --allow-client-file it does not start", async (t) => {
  const { code, stdout, stderr } = await run(t, []);
  t.equal(code, 2);
  t.equal(stdout, "");
  t.match(stderr, /^provider test: --allow-client or --allow-client-file is required: .*\n$/);
});

t.test("a wrong --allow-client, an unknown flag: exit 2 and what to do", async (t) => {
  t.match(await run(t, ["--allow-client", "core"]), {
    code: 2,
    stderr: /--allow-client "core": it starts with the URI/,
  });
  t.match(await run(t, ["--insecure"]), { code: 2, stderr: /unknown flag --insecure: --help lists them/ });
});

t.test("--help lists the flags and starts nothing", async (t) => {
  const { code, stdout, stderr } = await run(t, ["--help"]);
  t.equal(code, 0);
  t.match(stdout, /^Serves the provider test \(Test\)\.\n\nFlags:\n/);
  for (const flag of ["--host", "--port", "--tls-dir", "--allow-client", "--drain-timeout", "--parent-stdin"])
    t.match(stdout, flag);
  t.equal(stderr, "");
});

t.test("a connection's age below a second is refused", async (t) => {
  const { code, stderr } = await run(t, ["--allow-client", core, "--max-connection-age=900ms"]);
  t.equal(code, 2);
  t.match(stderr, /--max-connection-age must be from 1s/);
});

t.test(
  "certificates and clients that are late, then there, then wrong: up, ready when they are, and it says so",
  async (t) => {
    const mount = mountedSecret();
    t.teardown(() => mount.remove());
    const clients = `${core};methods=Describe\n`;
    const child = start(t, [
      `--allow-client-file=${mount.folder}/clients`,
      `--tls-dir=${mount.folder}`,
      "--port=0",
      "--metrics-port=0",
      "--host=127.0.0.1",
      "--print-address",
    ]);
    const lines: Record<string, unknown>[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => lines.push(JSON.parse(line)));
    const [line]: unknown[] = await once(child.stdout, "data");
    const { port, metricsPort } = JSON.parse(String(line)) as { port: number; metricsPort: number };
    const ask = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${metricsPort}${path}`);
      return `${answer.status} ${await answer.text()}`;
    };
    const describe = async () => {
      const client = await issueLeaf({ ca, usage: "client", uris: [core], validity: hour, now });
      const source = certificates({ ca: ca.certPem, cert: client.certPem, key: client.keyPem });
      const options = { "grpc.use_local_subchannel_pool": 1 };
      const caller = new ProviderClient(`127.0.0.1:${port}`, channelCredentials(source, "test.secrets.svc"), options);
      return await new Promise<string>((resolve) =>
        caller.describe({}, (error) => resolve(error?.details ?? "answered")),
      ).finally(() => caller.close());
    };
    t.equal(
      await ask("/readyz"),
      `503 waiting for a certificate that can be used: ${mount.folder}/ca.crt is not there\n` +
        `waiting for a list of clients that can be used: ${mount.folder}/clients is not there\n`,
    );
    t.match(await ask("/healthz"), /^200/);
    t.not(await describe(), "answered");
    t.match(await ask("/metrics"), 'outboard_provider_handshakes_refused_total{reason="not-ready"} ');

    mount.swap(files);
    await until("only the clients are missing", async () => !(await ask("/readyz")).includes("ca.crt"));
    t.equal(
      await describe(),
      `client ${core} may not call this provider: see its flags --allow-client and --allow-client-file`,
    );
    mount.swap({ ...files, clients });
    await until("it is ready", async () => (await ask("/readyz")).startsWith("200"));
    t.equal(await describe(), "answered");

    const next = await issueLeaf({ ca, usage: "server", dnsNames: ["test.secrets.svc"], validity: hour, now });
    mount.swap({ ...files, "tls.key": next.keyPem, clients });
    const labels = '{namespace="secrets",service="test"}';
    const failures = `eso_provider_certificate_hot_reload_failures_total${labels}`;
    await until("that is counted", async () => (await ask("/metrics")).includes(`${failures} 1\n`));
    t.equal(await describe(), "answered", "with the pair before");
    t.match(await ask("/readyz"), /^200/);
    mount.swap({ ...files, "tls.crt": next.certPem, "tls.key": next.keyPem, clients: "nobody" });
    await until("the next pair is in use", async () =>
      (await ask("/metrics")).includes(`eso_provider_certificate_hot_reload_total${labels} 1\n`),
    );
    await until("the list is refused", async () => (await ask("/metrics")).includes(`${failures} 2\n`));
    t.equal(await describe(), "answered");
    child.kill("SIGTERM");
    await once(child, "exit");
    const saidOf = (from: string) =>
      lines.filter((each) => each["from"] === from).map(({ level, msg, problem }) => ({ level, msg, problem }));
    t.match(saidOf(mount.folder), [
      { level: "info", msg: "waiting for what can be used", problem: /ca\.crt is not there$/ },
      { level: "info", msg: "certificates are in use" },
      { level: "warn", msg: "what is there cannot be used", problem: /private key does not belong .* stays in use$/ },
      { level: "info", msg: "certificates were replaced" },
    ]);
    t.match(saidOf(`${mount.folder}/clients`), [
      { level: "info", msg: "waiting for what can be used", problem: /clients is not there$/ },
      { level: "info", msg: "the list of clients was read" },
      { level: "warn", msg: "what is there cannot be used", problem: /clients: --allow-client "nobody": it starts/ },
    ]);
    t.notMatch(JSON.stringify(lines), "PRIVATE KEY");
  },
);

t.test("it says where it listens, serves, is ready, and ends after a drain", async (t) => {
  const tls = await folder(t, files);
  const argv = [
    "--allow-client",
    core,
    "--tls-dir",
    tls,
    "--port=0",
    "--metrics-port=0",
    "--host=127.0.0.1",
    "--print-address",
  ];
  const client = await issueLeaf({ ca, usage: "client", uris: [core], validity: hour, now });
  const pair = { ca: ca.certPem, cert: client.certPem, key: client.keyPem };
  for (const [how, flags] of [
    ["SIGTERM", []],
    ["the end of its parent's pipe", ["--parent-stdin"]],
  ] as const) {
    const child = start(t, [...argv, ...flags]);
    const errors = text(child.stderr);
    const ended = once(child, "exit");
    const [line]: unknown[] = await once(child.stdout, "data");
    const { port, metricsPort } = JSON.parse(String(line)) as { port: number; metricsPort: number };
    const caller = new ProviderClient(`127.0.0.1:${port}`, channelCredentials(certificates(pair), "test.secrets.svc"));
    const described = await new Promise((resolve, reject) =>
      caller.describe({}, (error, response) => (error ? reject(error) : resolve(response))),
    );
    caller.close();
    t.match(described, { name: "test", version: "1.2.3", keys: [{ key: "test", operations: ["get"] }] });
    t.equal((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status, 200);
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    t.match(metrics, 'grpc_server_requests_total{method="Describe",code="OK"} 1');
    t.match(metrics, "nodejs_eventloop_lag_seconds");
    if (flags.length === 0) child.kill("SIGTERM");
    else child.stdin.end();
    t.strictSame(await ended, [0, null], how);
    const logged = (await errors)
      .trim()
      .split("\n")
      .map((logLine): unknown => JSON.parse(logLine));
    t.match(logged, [
      { level: "info", msg: "certificates are in use", from: tls },
      { level: "info", msg: "serving", port, name: "provider-test" },
      { level: "info", msg: "draining" },
    ]);
  }
});

t.test("a port that is taken: exit 1, naming the flag", async (t) => {
  const tls = await folder(t, files);
  const argv = ["--allow-client", core, "--tls-dir", tls, "--host=127.0.0.1", "--print-address"];
  const first = start(t, [...argv, "--port=0", "--metrics-port=0"]);
  const [line]: unknown[] = await once(first.stdout, "data");
  const { port, metricsPort } = JSON.parse(String(line)) as { port: number; metricsPort: number };
  const grpc = await run(t, [...argv, `--port=${port}`, "--metrics-port=0"]);
  t.match(grpc, { code: 1, stderr: new RegExp(`cannot listen on port ${port} .*choose another with --port\n$`) });
  const probes = await run(t, [...argv, "--port=0", `--metrics-port=${metricsPort}`]);
  t.match(probes, {
    code: 1,
    stderr: new RegExp(`cannot listen on port ${metricsPort} .*choose another with --metrics-port\n$`),
  });
});
