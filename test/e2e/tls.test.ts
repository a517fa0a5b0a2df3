import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@grpc/grpc-js";
import { test } from "tap";
import { createCa, issueLeaf, type KeyPair } from "../../src/certs/issue.ts";
import { coreIdentity, type RunKeys, serverName } from "../../src/local/run-keys.ts";
import { certificates } from "../../src/wire/certificates.ts";
import { channelCredentials } from "../../src/wire/channel-credentials.ts";
import { HealthService } from "../../src/wire/gen/grpc/health/v1/health.ts";
import { ProviderService } from "../../src/wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderService } from "../../src/wire/gen/provider/v1/secretstore.ts";
import { startBundledProvider } from "../bundled-provider.ts";
import { plainCommand } from "../plain-command.ts";
import { dist } from "../test-bundles.ts";
import { describeThroughOpenssl } from "./openssl.ts";
import { until } from "./outboard.ts";

const hour = 3_600_000;
const now = Date.now();
const ca = await createCa({ commonName: "the CA of the run", validity: hour, now });
const otherCa = await createCa({ commonName: "the CA of the run", validity: hour, now });
const client = (uris: readonly string[], issuer = ca, at = now) =>
  issueLeaf({ ca: issuer, usage: "client", uris, validity: hour, now: at });
const server = await issueLeaf({ ca, usage: "server", dnsNames: [serverName("fake")], validity: hour, now });
const core = await client([coreIdentity]);
const [permissionDenied, ok] = ["7", "0"];

/** Keys of a run like local mode's, of a CA whose key this test has. */
function runKeys(): RunKeys {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outboard-tls-")));
  writeFileSync(join(folder, "ca.crt"), ca.certPem);
  writeFileSync(join(folder, "tls.crt"), server.certPem);
  writeFileSync(join(folder, "tls.key"), server.keyPem, { mode: 0o600 });
  return {
    core: { ca: ca.certPem, cert: core.certPem, key: core.keyPem },
    provider: async () => folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Core's identity, signed by the CA of the run, with a key that is not on P-256. */
function clientOnP384(): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "outboard-p384-"));
  const at = (file: string) => join(folder, file);
  writeFileSync(at("ca.crt"), ca.certPem);
  writeFileSync(at("ca.key"), ca.keyPem, { mode: 0o600 });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", at("tls.key")];
  const names = ["-subj", "/CN=core", "-addext", `subjectAltName=URI:${coreIdentity}`];
  const usage = ["-addext", "extendedKeyUsage=clientAuth", "-days", "1"];
  const issuer = ["-CA", at("ca.crt"), "-CAkey", at("ca.key")];
  execFileSync("openssl", ["req", "-x509", ...key, ...names, ...usage, ...issuer, "-out", at("tls.crt")], {
    stdio: "ignore",
  });
  const pair = { certPem: readFileSync(at("tls.crt"), "utf8"), keyPem: readFileSync(at("tls.key"), "utf8") };
  rmSync(folder, { recursive: true });
  return pair;
}

interface Case {
  readonly who: string;
  readonly pair: KeyPair | undefined;
  readonly flags?: readonly string[];
  /** Of a call; undefined: it comes to no call. */
  readonly status: string | undefined;
  /** What openssl has to say of it. */
  readonly said?: RegExp;
  /** What the adapter says of the handshake. */
  readonly refused?: string;
}

/** Node ends a connection whose certificate it does not take right after the handshake, without an alert. */
const cutOff = /unexpected eof|errno=104|alert/;

const [withUri, withoutUri] = [coreIdentity, "spiffe://outboard.local/ns/outboard-local/sa/webhook"];
const cases: readonly Case[] = [
  { who: "core", pair: core, status: ok },
  { who: "another identity of the same CA", pair: await client([withoutUri]), status: permissionDenied },
  { who: "an identity that begins like core's", pair: await client([`${withUri}2`]), status: permissionDenied },
  { who: "an identity that core's begins with", pair: await client([withUri.slice(0, -1)]), status: permissionDenied },
  { who: "core's in capitals", pair: await client([withUri.replace("/core", "/CORE")]), status: permissionDenied },
  { who: "core's beside another", pair: await client([withUri, withoutUri]), status: permissionDenied },
  {
    who: "core's as a DNS name",
    pair: await issueLeaf({ ca, usage: "client", dnsNames: ["core.outboard-local.svc"], validity: hour, now }),
    status: permissionDenied,
  },
  {
    who: "no certificate",
    pair: undefined,
    status: undefined,
    said: /alert certificate required/,
    refused: "no-certificate",
  },
  {
    who: "core over TLS 1.2",
    pair: core,
    flags: ["-tls1_2"],
    status: undefined,
    said: /alert protocol version/,
    refused: "protocol-version",
  },
  {
    who: "core's identity of another CA",
    pair: await client([withUri], otherCa),
    status: undefined,
    said: cutOff,
    refused: "unknown-ca",
  },
  {
    who: "core's expired",
    pair: await client([withUri], ca, now - 2 * hour),
    status: undefined,
    said: cutOff,
    refused: "expired",
  },
  {
    who: "core's of tomorrow",
    pair: await client([withUri], ca, now + 24 * hour),
    status: undefined,
    said: cutOff,
    refused: "not-yet-valid",
  },
  { who: "the server's own certificate", pair: server, status: undefined, said: cutOff, refused: "bad-certificate" },
  { who: "the CA's own certificate", pair: ca, status: undefined, said: cutOff, refused: "bad-certificate" },
  {
    who: "core's identity on P-384",
    pair: clientOnP384(),
    status: undefined,
    said: cutOff,
    refused: "no-certificate",
  },
];

test("openssl s_client: only core's identity is answered, before and after a reload, and the rest is told apart", async (t) => {
  const keys = runKeys();
  const bundled = await startBundledProvider(dist, "fake", keys);
  t.teardown(() => bundled.stop());
  for (const when of ["at first", "after a reload"]) {
    for (const { who, pair, flags = [], status, said } of cases) {
      const attempt = await describeThroughOpenssl(t, {
        port: bundled.port,
        serverName: serverName("fake"),
        caPem: ca.certPem,
        pair,
        flags,
      });
      t.equal(attempt.status, status, `${when}: ${who}`);
      if (said !== undefined) t.match(attempt.said, said, `${when}: ${who}`);
    }
    if (when !== "at first") continue;
    const next = await issueLeaf({ ca, usage: "server", dnsNames: [serverName("fake")], validity: hour, now });
    const folder = await keys.provider("fake");
    writeFileSync(join(folder, "tls.crt"), next.certPem);
    writeFileSync(join(folder, "tls.key"), next.keyPem);
    await until(
      async () => (await bundled.metric("eso_provider_certificate_hot_reload_total", 'service="fake"')) > 0,
      () => `no reload: ${bundled.log()}`,
    );
  }
  t.equal(
    await bundled.metric("grpc_server_requests_refused_total", 'reason="identity"'),
    12,
    "refused calls are counted",
  );
  for (const reason of new Set(cases.map(({ refused }) => refused).filter((each) => each !== undefined))) {
    const count = 2 * cases.filter(({ refused }) => refused === reason).length;
    const name = "outboard_provider_handshakes_refused_total";
    t.equal(await bundled.metric(name, `reason="${reason}"`), count, `${reason} is counted`);
    t.match(bundled.log(), new RegExp(`"reason":"${reason}","from":"127.0.0.1",.*"msg":"TLS handshake refused"`));
  }
  const plain = await fetch(`http://127.0.0.1:${bundled.port}/`).catch(() => undefined);
  t.equal(plain, undefined, "nothing is answered without TLS");
});

test("another identity is refused at every method, core at none", async (t) => {
  const bundled = await startBundledProvider(dist, "fake", runKeys());
  t.teardown(() => bundled.stop());
  const stranger = await client([withoutUri]);
  const services = [ProviderService, SecretStoreProviderService, HealthService];
  const paths = services.flatMap((service) => Object.values(service)).filter(({ responseStream }) => !responseStream);
  t.ok(paths.length > 8);
  for (const [pair, refused] of [
    [core, false],
    [stranger, true],
  ] as const) {
    const source = certificates({ ca: ca.certPem, cert: pair.certPem, key: pair.keyPem });
    const caller = new Client(`127.0.0.1:${bundled.port}`, channelCredentials(source, serverName("fake")));
    t.teardown(() => caller.close());
    for (const { path } of paths) {
      const code = await status(caller, path);
      t.equal(code === Number(permissionDenied), refused, `${refused ? "a stranger" : "core"} at ${path}: ${code}`);
    }
  }
});

test("a provider that is not told whom to allow does not start", async (t) => {
  const keys = runKeys();
  t.teardown(() => keys.remove());
  const bundle = join(dist, "providers", "fake", "provider.cjs");
  const flags = ["--tls-dir", await keys.provider("fake"), "--port=0", "--metrics-port=0", "--host=127.0.0.1"];
  const command = plainCommand(process.execPath, [bundle, ...flags, "--print-address"]);
  const { status, stdout, stderr } = spawnSync(...command, { encoding: "utf8", timeout: 60_000 });
  t.equal(status, 2);
  t.equal(stdout, "", "it listens nowhere");
  t.match(stderr, /^provider fake: --allow-client or --allow-client-file is required/);
});

/** The status of a call with an empty message. */
function status(caller: Client, path: string): Promise<number> {
  const asIs = (bytes: Buffer) => bytes;
  return new Promise((resolve) => {
    caller.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), { deadline: Date.now() + 30_000 }, (error) =>
      resolve(error?.code ?? 0),
    );
  });
}
