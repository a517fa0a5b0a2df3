import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { test, type Test } from "tap";
import { signal } from "../../../test/cluster-contract/world.ts";
import { createCa, issueLeaf } from "../../certs/issue.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { createConnections } from "./connections.ts";
import { createCredentials } from "./credentials.ts";
import { podIdentity, type Identity } from "./identity.ts";
import { readKubeconfig } from "./kubeconfig.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createTransport, type Answered } from "./transport.ts";

const validity = { validity: 3_600_000, now: Date.now() };
const ca = await createCa({ commonName: "test", ...validity });
const serverLeaf = await issueLeaf({ ca, usage: "server", dnsNames: ["localhost"], ...validity });
const get = { method: "GET", path: "/x", name: "get x", signal } as const;

/** A server that asks for client certificates; what it was asked, and who asked. */
async function testServer(t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: { readonly authorization: string | undefined; readonly client: string | undefined }[] = [];
  const tls = { cert: serverLeaf.certPem, key: serverLeaf.keyPem, ca: ca.certPem, requestCert: true };
  const server = createServer({ ...tls, rejectUnauthorized: false }, (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate();
    asked.push({ authorization: request.headers.authorization, client: peer.subjectaltname });
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, url: `https://localhost:${port}`, port };
}

const fine = (_: IncomingMessage, response: ServerResponse) => void response.end("{}");

function writeConfig(t: Test, server: string, user: object, cluster: object = {}): string {
  const path = join(t.testdir({ "ca.crt": ca.certPem }), "config");
  const config = {
    clusters: [{ name: "c", cluster: { server, "certificate-authority": "ca.crt", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function connected(t: Test, kubeconfig: string, more: Partial<ConnectOptions> = {}) {
  const transport = await connect({ kubeconfig, userAgent: "outboard/test", ...more });
  t.teardown(() => transport.close());
  return transport;
}

test("users of a kubeconfig: token, file, plugin, client certificate", async (t) => {
  const { asked, url } = await testServer(t, fine);
  const client = await issueLeaf({ ca, usage: "client", uris: ["spiffe://x/me"], ...validity });
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  const status = { token: "from-plugin" };
  const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status };
  const script = `if (!JSON.parse(process.env.KUBERNETES_EXEC_INFO).spec) process.exit(1);
    console.log(${JSON.stringify(JSON.stringify(credential))})`;
  const exec = { apiVersion: credential.apiVersion, command: process.execPath, args: ["-e", script] };
  const certificate = { "client-certificate-data": base64(client.certPem), "client-key-data": base64(client.keyPem) };
  const table: readonly (readonly [user: object, authorization: string | undefined, client: string | undefined])[] = [
    [{ token: "plain" }, "Bearer plain", undefined],
    [{ exec }, "Bearer from-plugin", undefined],
    [certificate, undefined, "URI:spiffe://x/me"],
    [{ username: "a", password: "b" }, `Basic ${base64("a:b")}`, undefined],
  ];
  for (const [user, authorization, peer] of table) {
    const transport = await connected(t, writeConfig(t, url, user));
    await transport.request(get);
    t.match(asked.at(-1), { authorization, client: peer }, Object.keys(user).join());
  }
});

test("certificates and tokens that rotate on disk are used from the next refusal on", async (t) => {
  let accepted = "spiffe://x/one";
  const { asked, url } = await testServer(t, (request, response) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate();
    response.writeHead(peer.subjectaltname === `URI:${accepted}` ? 200 : 401).end("{}");
  });
  const folder = t.testdir({ "ca.crt": ca.certPem });
  const write = async (uri: string) => {
    const leaf = await issueLeaf({ ca, usage: "client", uris: [uri], ...validity });
    writeFileSync(join(folder, "tls.crt"), leaf.certPem);
    writeFileSync(join(folder, "tls.key"), leaf.keyPem);
    writeFileSync(join(folder, "token"), `${uri}\n`);
  };
  await write(accepted);
  const identity: Identity = {
    cluster: { name: "c", server: url, caFile: join(folder, "ca.crt"), skipTLSVerify: false },
    user: { name: "u", certFile: join(folder, "tls.crt"), keyFile: join(folder, "tls.key") },
    tokenFile: join(folder, "token"),
  };
  const transport = createTransport({
    host: "localhost",
    connections: createConnections(identity),
    credentials: createCredentials(identity, Date.now),
    userAgent: "outboard/test",
  });
  t.teardown(() => transport.close());
  await transport.request(get);
  accepted = "spiffe://x/two";
  await t.rejects(
    transport.request(get),
    { name: "ClusterError", reason: "Unavailable" },
    "the files are the old ones",
  );
  await write(accepted);
  await Promise.all([transport.request(get), transport.request(get)]);
  t.same(asked.at(-1), { authorization: `Bearer ${accepted}`, client: `URI:${accepted}` });
});

test("what is read again and again is read once a minute, and once for all who wait", async (t) => {
  let now = 0;
  const file = join(t.testdir({ token: "one" }), "token");
  const identity: Identity = {
    cluster: { name: "c", server: "https://x", skipTLSVerify: false },
    user: { name: "u" },
    tokenFile: file,
  };
  const credentials = createCredentials(identity, () => now);
  const [first, second] = await Promise.all([credentials.current(), credentials.current()]);
  t.equal(first, second);
  writeFileSync(file, "two");
  t.equal(await credentials.current(), first);
  now += 60_000;
  const later = await credentials.current();
  t.same(later.headers, { authorization: "Bearer two" });
  t.equal(later.tls, first.tls, "the same TLS, so the same connections");
  credentials.refused(first);
  t.equal(await credentials.current(), later, "that was the one before");
});

test("no message quotes a credential", async (t) => {
  const secret = "hunter2-of-the-plugin";
  const table: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
    [["-e", `console.log("${secret}")`], /its output is no ExecCredential/],
    [["-e", `console.log(JSON.stringify({ token: "${secret}" }))`], /its output is no ExecCredential/],
    [["-e", `console.error("log in first"); process.exit(1)`], /user u failed: log in first/],
  ];
  for (const [args, expected] of table) {
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: process.execPath, args };
    const transport = await connected(t, writeConfig(t, "https://localhost:1", { exec }));
    const error: Error = await transport.request(get).then(
      () => new Error("none"),
      (error: Error) => error,
    );
    t.match(error, { name: "ClusterError", reason: "Unavailable", message: expected });
    t.notMatch(error.message + String(error.cause), secret);
  }
});

test("a kubeconfig that cannot be used says what is wrong, where, and quotes nothing", async (t) => {
  const folder = t.testdir({
    broken: "users:\n- name: u\n  user: {token: hunter2",
    list: "[]",
    empty: "current-context: nowhere\n",
    oidc: JSON.stringify({
      clusters: [{ name: "c", cluster: { server: "https://x" } }],
      users: [{ name: "u", user: { "auth-provider": { name: "oidc", config: { "id-token": "hunter2" } } } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }),
  });
  const table = [
    ["broken", /broken:3: not YAML$/],
    ["list", /list: not a kubeconfig$/],
    ["empty", /empty: contexts: none is named "nowhere"$/],
    ["oidc", /oidc: user u: auth-provider is not supported; use `exec`/],
  ] as const;
  for (const [name, expected] of table) {
    await t.rejects(readKubeconfig(join(folder, name)), { message: expected }, name);
  }
  await t.rejects(readKubeconfig(join(folder, "missing")), { code: "ENOENT" });
  const bad = [
    ["http://example.com", {}, /must be https/],
    ["https://x", { "proxy-url": "socks5://y" }, /proxy-url/],
    ["nonsense", {}, /not a URL/],
  ] as const;
  for (const [server, cluster, expected] of bad) {
    const identity = await readKubeconfig(writeConfig(t, server, {}, cluster));
    t.throws(() => createConnections(identity), { message: expected }, server);
  }
});

test("a Pod's account is what Kubernetes mounts", async (t) => {
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  t.match(podIdentity(environment, "/mounted"), {
    cluster: { server: "https://[fd00::1]:443", caFile: "/mounted/ca.crt", skipTLSVerify: false },
    tokenFile: "/mounted/token",
  });
  t.throws(() => podIdentity({}), /KUBERNETES_SERVICE_HOST/);
});

test("an answer that does not come ends with the deadline, one that is no JSON with an error", async (t) => {
  const { url } = await testServer(t, (request, response) => {
    if (request.url === "/x") return;
    response.end("hunter2");
  });
  const transport = await connected(t, writeConfig(t, url, { token: "t" }));
  await t.rejects(transport.request({ ...get, deadline: 200 }), {
    name: "ClusterError",
    reason: "Unavailable",
    message: "get x: no answer within 0.2 s",
  });
  await t.rejects(transport.request({ ...get, signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  const error: Error = await transport.request({ ...get, path: "/y", method: "PUT" }).then(
    () => new Error("none"),
    (error: Error) => error,
  );
  t.match(error, { reason: "Unavailable", message: /its answer is no JSON$/ });
  t.notMatch(error.message + String(error.cause), "hunter2");
});

test("requests wait for their turn when a rate is set", async (t) => {
  let now = 0;
  const limit = createRateLimit({ qps: 1_000, burst: 2 }, () => now);
  await limit(signal);
  await limit(signal);
  await t.rejects(limit(AbortSignal.abort()), { name: "AbortError" }, "a third has to wait");
  now += 1_000;
  await limit(AbortSignal.abort());
  t.pass("after a rest it need not");
});

test("each answer is counted, of tries that failed and of watches too", async (t) => {
  const statuses = [429, 200, 404, 200];
  const { url, port } = await testServer(t, (_, response) => {
    response.writeHead(statuses.shift() ?? 500, { "retry-after": "0" }).end("{}");
  });
  const answers: string[] = [];
  const onAnswer = ({ host, method, status }: Answered) => answers.push(`${method} ${status} ${host}`);
  const transport = await connected(t, writeConfig(t, url, { token: "t" }), { onAnswer });
  await transport.request({ ...get, method: "POST" });
  await t.rejects(transport.request(get), { name: "ClusterError" });
  for await (const _ of await transport.stream(get));
  t.strictSame(
    answers,
    ["POST 429", "POST 200", "GET 404", "GET 200"].map((answer) => `${answer} localhost:${port}`),
  );
});
