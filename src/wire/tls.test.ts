import { Client, Metadata, Server } from "@grpc/grpc-js";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { connect as connectTcp, type Socket } from "node:net";
import { join } from "node:path";
import { connect as connectTls, createServer, type ConnectionOptions } from "node:tls";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { until } from "../../test/local-world.ts";
import { createCa, issueLeaf, type KeyPair } from "../certs/issue.ts";
import {
  certificates,
  checkCertificates,
  identify,
  leafOwner,
  OutOfTimeError,
  type Certificates,
} from "./certificates.ts";
import { channelCredentials, checkServerName } from "./channel-credentials.ts";
import { handshakeRefusal } from "./handshake-refusal.ts";
import { peerIdentity, uriIdentity } from "./identity.ts";
import { listenTls, type RefusedHandshake } from "./tls-listener.ts";

const hour = 3_600_000;
const now = Date.now();
const serverName = "vault.secrets.svc";
const uri = "spiffe://cluster.local/ns/outboard/sa/core";

const createAuthority = async (commonName: string) => await createCa({ commonName, validity: hour, now });
const authority = await createAuthority("first");
const issueServer = async (ca: KeyPair, dnsNames: readonly string[] = [serverName]) =>
  await issueLeaf({ ca, usage: "server", dnsNames, validity: hour, now });
const issueClient = async (ca: KeyPair, uris: readonly string[] = [uri]) =>
  await issueLeaf({ ca, usage: "client", uris, validity: hour, now });
const pair = (trusted: readonly KeyPair[], leaf: KeyPair): Certificates => ({
  ca: trusted.map(({ certPem }) => certPem).join(""),
  cert: leaf.certPem,
  key: leaf.keyPem,
});
const server = pair([authority], await issueServer(authority));
const client = pair([authority], await issueClient(authority));

/** A pair of a CA's own that is not on P-256. */
function onP384(): Certificates {
  const what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj", "/CN=x", "-days", "1"];
  const made = execFileSync("openssl", ["req", "-x509", ...what, "-keyout", "-", "-out", "-"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [cert = ""] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(made) ?? [];
  return { ca: cert, cert, key: made };
}

const echo = {
  path: "/test.Echo/Who",
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (value: string) => Buffer.from(value),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (value: string) => Buffer.from(value),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};

/** A server that answers with the caller's identity. */
async function serve(
  t: Test,
  source: ReturnType<typeof certificates>,
  onRefused: (refused: RefusedHandshake) => void = () => undefined,
) {
  const grpc = new Server();
  const identityOf = peerIdentity();
  grpc.addService(
    { who: echo },
    {
      who: (call: object, callback: (error: null, who: string) => void) => callback(null, identityOf(call) ?? "nobody"),
    },
  );
  const listener = await listenTls({ server: grpc, certificates: source, host: "127.0.0.1", port: 0, onRefused });
  t.teardown(() => {
    void listener.close();
    grpc.forceShutdown();
  });
  return listener.port;
}

/** A client's call over a connection of its own: the answer, or what went wrong. */
async function ask(port: number, source: ReturnType<typeof certificates>, name = serverName) {
  const channel = new Client(`127.0.0.1:${port}`, channelCredentials(source, name), {
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
  });
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { deadline: Date.now() + 20_000 };
  channel.makeUnaryRequest(
    echo.path,
    echo.requestSerialize,
    echo.responseDeserialize,
    "who am I",
    new Metadata(),
    options,
    (error, who) => resolve(error ? `error: ${error.details}` : (who ?? "")),
  );
  const answer = await promise;
  channel.close();
  return answer;
}

t.test("a client with the right certificate is served, and the server knows its URI", async (t) => {
  const port = await serve(t, certificates(server));
  t.equal(await ask(port, certificates(client)), uri);
  const two = pair([authority], await issueClient(authority, [uri, "spiffe://cluster.local/ns/other/sa/other"]));
  t.equal(await ask(port, certificates(two)), "nobody", "two URIs are no identity");
});

t.test("the server's certificate must carry the very name", async (t) => {
  const names = ["vault", "vault.secrets", "*.secrets.svc", "vault.secrets.svc.cluster.local"];
  const others = pair([authority], await issueServer(authority, names));
  const port = await serve(t, certificates(others));
  t.match(
    await ask(port, certificates(client)),
    `error: No connection established. Last error: Error: the server's certificate is not for ${serverName}`,
  );
  const all = await serve(t, certificates(pair([authority], await issueServer(authority, [...names, serverName]))));
  t.equal(await ask(all, certificates(client)), uri);
  t.equal(checkServerName(serverName, `DNS:vault, DNS:${serverName}`), undefined);
  for (const san of [
    undefined,
    "",
    `URI:${serverName}`,
    `DNS:x${serverName}`,
    `DNS:${serverName}x`,
    `DNS:"${serverName}"`,
  ]) {
    t.type(checkServerName(serverName, san), Error, san ?? "none");
  }
});

t.test("either end refuses certificates of another CA, of the wrong use, and a client without any", async (t) => {
  const stranger = await createAuthority("stranger");
  const port = await serve(t, certificates(server));
  const foreign = pair([authority], await issueClient(stranger));
  t.match(await ask(port, certificates(foreign)), /^error: /, "client of another CA");
  t.match(
    await ask(port, certificates(pair([stranger], await issueClient(authority)))),
    /^error: .*certificate/,
    "server of another CA",
  );
  const swapped = pair(
    [authority],
    await issueLeaf({ ca: authority, usage: "server", uris: [uri], validity: hour, now }),
  );
  t.match(await ask(port, certificates(swapped)), /^error: /, "a server's certificate used as a client's");
  const expired = pair(
    [authority],
    await issueLeaf({ ca: authority, usage: "client", uris: [uri], validity: -1_000, now }),
  );
  t.match(await ask(port, certificates(expired)), /^error: /, "an expired client");
});

t.test(
  "openssl s_client: TLS 1.3 with a certificate works, TLS 1.2 and no certificate do not, also after an update",
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "outboard-tls-"));
    t.teardown(() => rm(folder, { recursive: true }));
    const file = (name: string) => join(folder, name);
    await writeFile(file("ca.crt"), client.ca);
    await writeFile(file("tls.crt"), client.cert);
    await writeFile(file("tls.key"), client.key, { mode: 0o600 });
    const source = certificates(server);
    const port = await serve(t, source);
    const base = ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", file("ca.crt"), "-alpn", "h2"];
    const withLeaf = ["-cert", file("tls.crt"), "-key", file("tls.key")];

    /** Everything that openssl said until the server closed or sent its HTTP/2 settings. */
    const openssl = async (...argv: string[]) => {
      const child = spawn("openssl", [...base, ...argv], { stdio: ["pipe", "pipe", "pipe"] });
      let said = "";
      const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
      child.stderr.on("data", (chunk) => (said += String(chunk)));
      child.stdout.on("data", (chunk) => {
        said += String(chunk);
        if (said.includes("read R BLOCK") || said.includes("Verify return code")) child.stdin.end();
      });
      await ended;
      return said;
    };
    for (const when of ["at first", "after an update"]) {
      t.match(await openssl("-tls1_3", ...withLeaf), /TLSv1\.3/, `${when}: TLS 1.3`);
      const old = await openssl("-tls1_2", ...withLeaf);
      t.match(old, /alert protocol version/i, `${when}: TLS 1.2`);
      t.match(await openssl("-tls1_3"), /alert certificate required/i, `${when}: no certificate`);
      source.update(pair([authority], await issueServer(authority)));
    }
  },
);

t.test("who is refused during the handshake is told by reason and address", async (t) => {
  const refused: RefusedHandshake[] = [];
  const source = certificates();
  const port = await serve(t, source, (each) => refused.push(each));
  const stranger = await createAuthority("stranger");
  const namesake = await createAuthority("first");
  const leaf = (more: Partial<Parameters<typeof issueLeaf>[0]>) =>
    issueLeaf({ ca: authority, usage: "client", uris: [uri], validity: hour, now, ...more });
  const as = (keys: KeyPair) => () => ask(port, certificates(pair([authority], keys)));
  const raw = (act: (socket: Socket) => void) => async () => {
    const socket = connectTcp(port, "127.0.0.1", () => act(socket)).resume();
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  };
  const tls = (options: ConnectionOptions) => async () => {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options }).resume();
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  };
  const { ca, cert, key } = client;
  const good = { ca, cert, key, servername: serverName, ALPNProtocols: ["h2"] };
  const cases: readonly (readonly [what: string, attempt: () => Promise<unknown>, reason: string])[] = [
    ["no certificate", tls({ ALPNProtocols: ["h2"] }), "no-certificate"],
    ["another CA", as(await leaf({ ca: stranger })), "unknown-ca"],
    ["another CA of the same name", as(await leaf({ ca: namesake })), "unknown-ca"],
    ["expired", as(await leaf({ validity: -1_000 })), "expired"],
    ["not valid yet", as(await leaf({ now: now + hour })), "not-yet-valid"],
    ["a server's", as(await leaf({ usage: "server" })), "bad-certificate"],
    ["TLS 1.2", tls({ ...good, maxVersion: "TLSv1.2" }), "protocol-version"],
    ["no ALPN", tls({ ...good, ALPNProtocols: [] }), "no-http2"],
    ["HTTP/1.1 only", tls({ ...good, ALPNProtocols: ["http/1.1"] }), "no-http2"],
    ["plain HTTP", raw((socket) => socket.write("GET / HTTP/1.1\r\n\r\n")), "no-tls"],
    ["garbage", raw((socket) => socket.write("\u0000\u001b[2J garbage that is no record of TLS")), "no-tls"],
    ["whoever looks whether the port is open", raw((socket) => socket.end()), "cut-off"],
  ];
  for (const when of ["before there is a pair", "with a pair", "after another"] as const) {
    const later = when === "before there is a pair" ? "not-ready" : undefined;
    for (const [what, attempt, reason] of cases) {
      const before = refused.length;
      await attempt();
      await until(`${when}, ${what}`, () => refused.length > before);
      t.strictSame(refused.at(-1), { reason: later ?? reason, from: "127.0.0.1" }, `${when}, ${what}`);
    }
    source.update(pair([authority], await issueServer(authority)));
  }
  t.equal(await ask(port, certificates(client)), uri, "and who is not refused is served");
  t.equal(handshakeRefusal("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", undefined), "refused-by-client");
  t.equal(handshakeRefusal("ERR_SSL_OF_TOMORROW", undefined), "other");
});

t.test("nobody comes back by a ticket: each connection proves itself anew", async (t) => {
  const port = await serve(t, certificates(server));
  const { ca, cert, key } = client;
  const base = { port, host: "127.0.0.1", ca, cert, key, servername: serverName, ALPNProtocols: ["h2"] };
  const tickets: Buffer[] = [];
  const join = async (session?: Buffer) => {
    const socket = connectTls({ ...base, ...(session && { session }) });
    socket.on("session", (ticket: Buffer) => tickets.push(ticket));
    // The server's HTTP/2 settings come after its tickets.
    await new Promise<void>((resolve, reject) => {
      socket.once("data", () => resolve());
      socket.once("error", reject);
    });
    const reused = socket.isSessionReused();
    socket.destroy();
    return reused;
  };
  t.equal(await join(), false);
  for (const ticket of tickets.slice()) t.equal(await join(ticket), false);
});

t.test("a client speaks nothing older than TLS 1.3", async (t) => {
  const old = createServer({ key: server.key, cert: server.cert, maxVersion: "TLSv1.2", ALPNProtocols: ["h2"] });
  old.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
  t.teardown(() => old.close());
  const address = old.address();
  t.match(
    await ask(typeof address === "object" ? (address?.port ?? 0) : 0, certificates(client)),
    /^error: .*protocol version/i,
  );
});

t.test("new handshakes use the newest pair on both sides", async (t) => {
  const next = await createAuthority("next");
  const serverSide = certificates(server);
  const clientSide = certificates(client);
  const port = await serve(t, serverSide);
  t.equal(await ask(port, clientSide), uri);

  serverSide.update(pair([next], await issueServer(next)));
  t.match(await ask(port, clientSide), /^error: /, "the client trusts the old CA only");
  clientSide.update(pair([next], await issueClient(next, ["spiffe://next"])));
  t.equal(await ask(port, clientSide), "spiffe://next");
});

t.test(
  "without a first pair a server drops connections and a client waits; both go on once there is one",
  async (t) => {
    const serverSide = certificates();
    const clientSide = certificates();
    const port = await serve(t, serverSide);
    t.match(await ask(port, certificates(client)), /^error: /);
    serverSide.update(server);
    const answer = ask(port, clientSide);
    clientSide.update(client);
    t.equal(await answer, uri);
  },
);

t.test("a pair that cannot be used is refused and the last good one stays", async (t) => {
  const source = certificates(server);
  const other = await issueServer(authority);
  const cases: readonly [Certificates, RegExp][] = [
    [{ ...server, key: other.keyPem }, /the private key does not belong to the certificate/],
    [{ ...server, key: "secret-no-pem" }, /the private key is no PEM that can be read/],
    [{ ...server, cert: "" }, /the certificate has no certificate in PEM/],
    [onP384(), /not on the curve P-256/],
    [
      { ...server, cert: `${server.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----` },
      /the certificate is no certificate that can be read/,
    ],
    [
      { ...server, ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
      /the CA bundle is no certificate/,
    ],
  ];
  let heard = 0;
  const stop = source.subscribe(() => (heard += 1));
  for (const [wrong, message] of cases) {
    t.throws(() => source.update(wrong), { message });
    t.throws(() => checkCertificates(wrong), { message: /^(?!.*secret-no-pem)/s });
    t.equal(source.current(), server);
  }
  t.equal(heard, 0);
  source.update(client);
  stop();
  source.update(server);
  t.equal(heard, 1, "an ended subscription hears nothing more");
});

t.test("a pair out of its time takes the place only of one that is out of its time", async (t) => {
  const of = async (from: number, validity: number) =>
    pair([authority], await issueLeaf({ ca: authority, usage: "server", dnsNames: [serverName], validity, now: from }));
  const [old, good, future] = [await of(now - 9 * hour, hour), await of(now, hour), await of(now + hour, hour)];
  const source = certificates();
  t.equal(source.update(old, now), true, "better than none: peers say what is wrong with it");
  t.match(certificates(old).fault(now), /^the certificate expired at [-0-9T:.]+Z$/);
  t.equal(source.update(future, now), true);
  t.equal(source.update(good, now), true);
  t.equal(source.update({ ...good }, now), false, "the same is no news");
  for (const wrong of [old, future]) t.throws(() => source.update(wrong, now), { name: OutOfTimeError.name });
  t.equal(source.current(), good);
  const ended = await createCa({ commonName: "ended", validity: -1_000, now });
  t.match(certificates({ ...good, ca: ended.certPem }).fault(now), /all certificates of the CA bundle have expired/);
  t.equal(certificates({ ...good, ca: ended.certPem + good.ca }).fault(now), undefined, "one that is valid is enough");
});

t.test("whose a leaf is, its names say", async (t) => {
  const cases: readonly (readonly [names: Partial<Parameters<typeof issueLeaf>[0]>, owner: object])[] = [
    [
      { dnsNames: ["vault", "vault.secrets", "vault.secrets.svc", "vault.secrets.svc.cluster.local"] },
      { namespace: "secrets", service: "vault" },
    ],
    [{ uris: [uri] }, { namespace: "outboard", service: "core" }],
    [{ dnsNames: ["vault.example.com"] }, { namespace: "", service: "" }],
  ];
  for (const [names, owner] of cases) {
    const keys = await issueLeaf({ ca: authority, usage: "server", validity: hour, now, ...names });
    t.strictSame(leafOwner(pair([authority], keys)), owner);
  }
});

t.test("what Describe tells of a pair is what openssl says", async (t) => {
  const { leafSerial, trustBundleDigest } = identify(server);
  const x509 = promisify(execFile)("openssl", ["x509", "-noout", "-serial"]);
  x509.child.stdin?.end(server.cert);
  t.equal((await x509).stdout.trim(), `serial=${leafSerial}`);
  const next = await createAuthority("next");
  const digest = (trusted: readonly KeyPair[]) =>
    Buffer.from(identify(pair(trusted, authority)).trustBundleDigest).toString("hex");
  t.equal(digest([authority, next]), digest([next, authority]), "the order does not count");
  t.not(digest([authority, next]), digest([authority]));
  t.equal(trustBundleDigest.length, 32);
});

t.test("an identity is the only URI of a certificate", async (t) => {
  const cases: readonly [string | undefined, string | undefined][] = [
    [undefined, undefined],
    ["DNS:a", undefined],
    ["URI:spiffe://a/b", "spiffe://a/b"],
    ["DNS:x, URI:spiffe://a/b, IP Address:127.0.0.1", "spiffe://a/b"],
    ["URI:spiffe://a/b, URI:spiffe://c", undefined],
    [String.raw`URI:"spiffe://a\u002c URI:spiffe://b"`, undefined],
    [String.raw`DNS:"x, URI:spiffe://a/b"`, undefined],
  ];
  for (const [subjectAltName, expected] of cases)
    t.equal(uriIdentity(subjectAltName), expected, subjectAltName ?? "none");
  t.equal(peerIdentity()({}), undefined, "a call without stream is a stranger's");
});
