import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { test, type Test } from "tap";
import { createCa, issueLeaf } from "../certs/issue.ts";
import { decodeCaBundle, readCaBundle } from "./ca-bundle.ts";
import { codeOfStatus, retryAfterOf, statusError } from "./http-errors.ts";
import { createHttpClient, parseServer, retryPolicy, type HttpOptions } from "./http.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const never = new AbortController().signal;

test("an answer comes with its status, headers and body, whatever the status", async (t) => {
  const url = await serve(t, (request, response) => {
    response.writeHead(418, { "X-Echo": request.headers["x-sent"], "Set-Cookie": ["a=1", "b=2"] });
    request.pipe(response);
  });
  const client = clientOf(t);
  const headers = { "X-Sent": "yes" };
  const response = await client.request({ method: "POST", url, headers, body: "body", signal: never });
  t.equal(response.status, 418);
  t.equal(response.headers.get("x-echo"), "yes");
  t.equal(response.headers.get("set-cookie"), "a=1");
  t.equal(new TextDecoder().decode(response.body), "body");
});

test("a redirect within the origin is followed, one to another origin is refused and receives nothing", async (t) => {
  let foreignRequests = 0;
  const foreign = await serve(t, (_, response) => {
    foreignRequests += 1;
    response.end();
  });
  const url = await serve(t, (request, response) => {
    const target =
      request.url === "/away" ? `${foreign.href}secret?token=1` : request.url === "/loop" ? "/loop" : "/end";
    if (request.url === "/end") response.end(request.method);
    else response.writeHead(307, { Location: target }).end();
  });
  const client = clientOf(t);
  const ask = (path: string) => client.request({ method: "PUT", url: new URL(path, url), body: "x", signal: never });
  t.equal(new TextDecoder().decode((await ask("/start")).body), "PUT");
  await t.rejects(ask("/away"), {
    code: "InvalidConfig",
    message: new RegExp(`redirects to ${foreign.origin}, which`),
  });
  await t.rejects(ask("/loop"), { code: "Unavailable", message: /too many redirects/ });
  t.equal(foreignRequests, 0);
});

test("an answer over the limit is TooLarge, and its socket is closed", async (t) => {
  const closed = Promise.withResolvers<void>();
  const url = await serve(t, (_, response) => {
    response.on("close", closed.resolve);
    const more = () => {
      if (!response.destroyed) response.write(Buffer.alloc(65_536), more);
    };
    more();
  });
  const client = clientOf(t, { maxBytes: 1_000_000 });
  await t.rejects(client.request({ method: "GET", url, signal: never }), { code: "TooLarge" });
  await closed.promise;
});

test("a cancel closes the socket, before and after the headers", async (t) => {
  for (const afterHeaders of [false, true]) {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    const url = await serve(t, (request, response) => {
      request.socket.on("close", () => closed.resolve());
      if (afterHeaders) response.writeHead(200).write("begin");
      arrived.resolve();
    });
    const controller = new AbortController();
    const call = clientOf(t).request({ method: "GET", url, signal: controller.signal });
    const rejected = t.rejects(call, { name: "ProviderError", code: "Cancelled" });
    await arrived.promise;
    controller.abort();
    const at = performance.now();
    await rejected;
    await closed.promise;
    t.ok(performance.now() - at < 1000, "within a second");
  }
});

test("a deadline is DeadlineExceeded, and says who did not answer", async (t) => {
  const url = await serve(t, () => {});
  const call = clientOf(t).request({ method: "GET", url, signal: AbortSignal.timeout(50) });
  await t.rejects(call, { code: "DeadlineExceeded", message: `${url.host}: it did not answer in time` });
});

test("what is not HTTP is said to be so", async (t) => {
  const server = createTcpServer((socket) => socket.on("error", () => {}).end("\u0000garbage\n\n"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const call = clientOf(t).request({ method: "GET", url: new URL(`http://127.0.0.1:${port}`), signal: never });
  await t.rejects(call, { code: "Unavailable", message: /^127\.0\.0\.1:\d+: what it answered is not HTTP \(\w+\)$/ });
});

test("requests are repeated as often as the policy says, after Retry-After at the earliest", async (t) => {
  const times: number[] = [];
  const url = await serve(t, (_, response) => {
    times.push(performance.now());
    if (times.length < 3) response.writeHead(429, times.length === 1 ? { "Retry-After": "1" } : {}).end();
    else response.end("done");
  });
  const once = await clientOf(t).request({ method: "GET", url, signal: never });
  t.match(once, { status: 429, retryAfter: 1000 }, "without a policy nothing is repeated");
  times.length = 0;
  const client = clientOf(t, { retry: { maxRetries: 2, interval: 1 } });
  t.equal((await client.request({ method: "GET", url, signal: never })).status, 200);
  t.equal(times.length, 3);
  t.ok((times[1] ?? 0) - (times[0] ?? 0) >= 990, "waited as asked");
  times.length = 0;
  const cut = clientOf(t, { retry: { maxRetries: 5, interval: 60_000 } });
  await t.rejects(cut.request({ method: "GET", url, signal: AbortSignal.timeout(200) }), { code: "DeadlineExceeded" });
});

test("proxies of the environment are used, NO_PROXY and loopback are not proxied", async (t) => {
  const proxied: string[] = [];
  const proxy = await serve(t, (request, response) => {
    proxied.push(request.url ?? "");
    response.end("from the proxy");
  });
  const direct = await serve(t, (_, response) => response.end("direct"));
  const client = clientOf(t, { environment: { http_proxy: proxy.href, NO_PROXY: "skipped.invalid" } });
  const read = async (url: URL) =>
    new TextDecoder().decode((await client.request({ method: "GET", url, signal: never })).body);
  t.equal(await read(new URL("http://vault.invalid:8200/v1/x")), "from the proxy");
  t.strictSame(proxied, ["http://vault.invalid:8200/v1/x"]);
  t.equal(await read(direct), "direct");
  await t.rejects(read(new URL("http://skipped.invalid:8200/")), {
    code: "Unavailable",
    message: /^skipped\.invalid:8200: /,
  });
});

test("a connection that fails names the host and neither path nor query", async (t) => {
  const url = await serve(t, (request) => request.socket.destroy());
  const call = clientOf(t).request({ method: "GET", url: new URL("/secret/path?token=hunter2", url), signal: never });
  await t.rejects(call, { code: "Unavailable", message: new RegExp(`^${url.host}: `) });
  await t.rejects(call, { message: /^(?!.*(?:hunter2|secret))/ });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const gone = urlOf(server);
  server.close();
  await t.rejects(clientOf(t).request({ method: "GET", url: gone, signal: never }), {
    code: "Unavailable",
    message: `${gone.host}: the connection was refused (ECONNREFUSED)`,
  });
});

test("a header that HTTP does not allow is InvalidConfig that names it and not its value", async (t) => {
  const url = await serve(t, (_, response) => response.end());
  const call = clientOf(t).request({
    method: "GET",
    url,
    headers: { "X-Token": "hunter2\r\nX-Evil: 1" },
    signal: never,
  });
  await t.rejects(call, { code: "InvalidConfig", message: /^header "X-Token"(?!.*hunter2)/ });
});

test("TLS trusts the given CA alone and shows the given client certificate", async (t) => {
  const hour = 3_600_000;
  const now = Date.now();
  const ca = await createCa({ commonName: "CA", validity: hour, now });
  const other = await createCa({ commonName: "other", validity: hour, now });
  const server = await issueLeaf({ ca, usage: "server", dnsNames: ["localhost"], validity: hour, now });
  const own = await issueLeaf({ ca, usage: "client", uris: ["spiffe://x/y"], validity: hour, now });
  const listener = createTlsServer(
    { cert: server.certPem, key: server.keyPem, ca: ca.certPem, requestCert: true, rejectUnauthorized: false },
    (request, response) =>
      response.end("authorized" in request.socket && request.socket.authorized ? "known" : "unknown"),
  );
  const url = await listen(t, listener, "https://localhost");
  const ask = async (options: HttpOptions, at = url) =>
    new TextDecoder().decode((await clientOf(t, options).request({ method: "GET", url: at, signal: never })).body);
  t.equal(await ask({ caBundle: ca.certPem }), "unknown");
  const clientCertificate = { certificate: own.certPem, key: own.keyPem };
  t.equal(await ask({ caBundle: ca.certPem, clientCertificate }), "known");
  await t.rejects(ask({ caBundle: other.certPem }), { code: "InvalidConfig", message: /certificate is not trusted/ });
  await t.rejects(ask({}), { code: "InvalidConfig", message: /certificate is not trusted/ });
  const byAddress = new URL(url.href.replace("localhost", "127.0.0.1"));
  await t.rejects(ask({ caBundle: ca.certPem }, byAddress), { code: "InvalidConfig", message: /for another name/ });
  const plain = await serve(t, (_, response) => response.end());
  await t.rejects(ask({}, new URL(plain.href.replace("http:", "https:"))), {
    code: "InvalidConfig",
    message: /TLS failed/,
  });

  const base64 = Buffer.from(ca.certPem).toString("base64");
  for (const form of [
    ca.certPem,
    base64,
    Buffer.from(base64).toString("base64"),
    `junk\n${ca.certPem}${other.certPem}`,
  ]) {
    t.match(decodeCaBundle(form, "caBundle"), ca.certPem.trim());
  }
  for (const [form, message] of [
    ["hunter2", "caBundle: holds no certificate in PEM"],
    ["-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----", "caBundle: certificate 1 of 1 cannot be read"],
  ] as const) {
    t.throws(() => decodeCaBundle(form, "caBundle"), { code: "InvalidConfig", message });
  }
  const credentials = {
    namespace: "",
    ambient: false,
    secret: async () => Buffer.from("from a Secret"),
    configMap: async () => Buffer.from(ca.certPem),
    token: async () => Promise.reject(new Error("not asked for")),
  };
  const reference = { name: "ca", key: "ca.crt" };
  const read = (fields: Parameters<typeof readCaBundle>[0]) => readCaBundle(fields, credentials, never);
  t.equal(await read({ caProvider: { type: "ConfigMap", ...reference } }), ca.certPem);
  await t.rejects(read({ caProvider: { type: "Secret", ...reference } }), {
    message: 'caProvider: Secret "ca": holds no certificate in PEM',
  });
  t.equal(await read({ caBundle: "" }), undefined);
});

test("every status has a code, and a backend's words are escaped and cut", async (t) => {
  for (const [status, code] of [
    [400, "InvalidConfig"],
    [401, "Unauthenticated"],
    [403, "PermissionDenied"],
    [404, "NoSecret"],
    [405, "Unsupported"],
    [408, "Unavailable"],
    [409, "Conflict"],
    [412, "Conflict"],
    [413, "TooLarge"],
    [422, "InvalidConfig"],
    [429, "RateLimited"],
    [500, "Unavailable"],
    [501, "Unsupported"],
    [503, "Unavailable"],
  ] as const) {
    t.equal(codeOfStatus(status), code, String(status));
  }
  const details = ["\u001b[31mred\u0000\u202e", "x".repeat(500)];
  const error = statusError({ what: "cannot read", status: 429, details, retryAfter: 7 });
  t.equal(error.retryAfter, 7);
  t.match(error.message, "cannot read: status 429: \\x1b[31mred\\x00\\u202e; xxx");
  t.ok(error.message.length < 350 && error.message.endsWith("…"));
});

test("Retry-After is seconds or a date", async (t) => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  t.equal(retryAfterOf("120", now), 120_000);
  t.equal(retryAfterOf("Thu, 01 Jan 2026 00:00:05 GMT", now), 5000);
  t.equal(retryAfterOf("Thu, 01 Jan 2015 00:00:05 GMT", now), 0);
  t.equal(retryAfterOf("soon", now), undefined);
  t.equal(retryAfterOf(undefined, now), undefined);
});

test("addresses and retry settings name their field when they are wrong", async (t) => {
  t.equal(parseServer("https://vault.example:8200/base", "server").host, "vault.example:8200");
  for (const address of ["vault:8200", "ftp://vault", "https://user:hunter2@vault", "", "//x"]) {
    t.throws(
      () => parseServer(address, "server"),
      { code: "InvalidConfig", message: /^server: (?!.*hunter2)/ },
      address,
    );
  }
  const defaults = { maxRetries: 0, interval: 1000 };
  t.strictSame(retryPolicy(undefined, defaults), defaults);
  t.strictSame(retryPolicy({ maxRetries: 3, retryInterval: "1.5s" }, defaults), { maxRetries: 3, interval: 1500 });
  t.throws(() => retryPolicy({ retryInterval: "often" }, defaults), {
    code: "InvalidConfig",
    message: /^retrySettings\.retryInterval: /,
  });
});

function clientOf(t: Test, options: HttpOptions = {}) {
  const client = createHttpClient({ environment: {}, ...options });
  t.teardown(() => client.close());
  return client;
}

async function serve(t: Test, handler: Handler): Promise<URL> {
  return listen(t, createServer(handler), "http://127.0.0.1");
}

async function listen(t: Test, server: Server, origin: string): Promise<URL> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return urlOf(server, origin);
}

function urlOf(server: Server, origin = "http://127.0.0.1"): URL {
  return new URL(`${origin}:${(server.address() as AddressInfo).port}/`);
}
