import { Client, status, type ServiceError } from "@grpc/grpc-js";
import { test } from "tap";
import { createCa, issueLeaf, type KeyPair } from "../../src/certs/issue.ts";
import { serverName } from "../../src/local/run-keys.ts";
import { certificates, type Certificates } from "../../src/wire/certificates.ts";
import { channelCredentials } from "../../src/wire/channel-credentials.ts";
import { ProviderService } from "../../src/wire/gen/outboard/v1/provider.ts";
import { startBundledProvider } from "../bundled-provider.ts";
import { mountedSecret } from "../mounted-secret.ts";
import { dist } from "../test-bundles.ts";
import { describeThroughOpenssl } from "./openssl.ts";
import { until } from "./outboard.ts";

const hour = 3_600_000;
const now = Date.now();
const name = serverName("fake");
const core = "spiffe://outboard.local/ns/rotated/sa/core";

/** Trust in `trusted`, and a leaf of `ca`: both PEM. */
const pairOf = (trusted: readonly KeyPair[], leaf: KeyPair): Certificates => ({
  ca: trusted.map(({ certPem }) => certPem).join(""),
  cert: leaf.certPem,
  key: leaf.keyPem,
});
const serverLeaf = (ca: KeyPair) => issueLeaf({ ca, usage: "server", dnsNames: [name], validity: hour, now });
const clientLeaf = (ca: KeyPair, uri: string) => issueLeaf({ ca, usage: "client", uris: [uri], validity: hour, now });

test("leaves and CA are replaced on both sides while calls go on: none fails, and both sides move on by themselves", async (t) => {
  const [first, second] = [
    await createCa({ commonName: "same name", validity: hour, now }),
    await createCa({ commonName: "same name", validity: hour, now }),
  ];
  const servers = [await serverLeaf(first), await serverLeaf(second)] as const;
  // Two identities, so that the server says by which of them a call came.
  const before = await clientLeaf(first, `${core}-before`);
  const after = await clientLeaf(second, `${core}-after`);
  const clients = `${core}-before;methods=Describe\n${core}-after\n`;

  const mount = mountedSecret();
  const files = ({ ca, cert, key }: Certificates) => ({ "ca.crt": ca, "tls.crt": cert, "tls.key": key, clients });
  mount.swap(files(pairOf([first], servers[0])));
  const source = certificates(pairOf([first], before));
  const keys = { core: pairOf([first], before), provider: async () => mount.folder, remove: () => mount.remove() };
  const bundled = await startBundledProvider(dist, "fake", keys, 0, [
    `--allow-client-file=${mount.folder}/clients`,
    "--max-connection-age=1s",
  ]);
  t.teardown(() => bundled.stop());

  const channel = new Client(`127.0.0.1:${bundled.port}`, channelCredentials(source, name), {
    "grpc.enable_http_proxy": 0,
    "grpc.use_local_subchannel_pool": 1,
  });
  t.teardown(() => channel.close());
  const asIs = (bytes: Buffer) => bytes;
  const call = (path: string) =>
    new Promise<ServiceError | null>((resolve) => {
      const deadline = { deadline: Date.now() + 60_000 };
      channel.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), deadline, (error) => resolve(error));
    });
  const failures: string[] = [];
  let calls = 0;
  const ended = new AbortController();
  const workers = Array.from({ length: 8 }, async () => {
    while (!ended.signal.aborted) {
      const error = await call(ProviderService.describe.path);
      calls += 1;
      if (error !== null) failures.push(error.details);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });

  const reloads = () => bundled.metric("eso_provider_certificate_hot_reload_total", 'service="fake"');
  const failed = () => bundled.metric("eso_provider_certificate_hot_reload_failures_total", 'service="fake"');
  /** Swaps the server's files and waits until they are in use. */
  const swap = async (pair: Certificates) => {
    const count = await reloads();
    mount.swap(files(pair));
    await until(
      async () => (await reloads()) > count,
      () => `no reload: ${bundled.log()}`,
    );
  };

  // Both CAs into every bundle, then the leaves.
  await swap(pairOf([first, second], servers[0]));
  source.update(pairOf([first, second], before));
  mount.swap(files({ ...pairOf([first, second], servers[1]), key: servers[0].keyPem }));
  await until(
    async () => (await failed()) === 1,
    () => `a pair that does not fit is not told: ${bundled.log()}`,
  );
  await swap(pairOf([first, second], servers[1]));
  t.equal((await call(ProviderService.read.path))?.code, status.PERMISSION_DENIED, "the first identity may not read");
  source.update(pairOf([second], after));
  await until(
    async () => (await call(ProviderService.read.path))?.code !== status.PERMISSION_DENIED,
    () => "the channel never came back with the new identity",
  );
  // And the old one goes.
  await swap(pairOf([second], servers[1]));
  const attempt = (pair: KeyPair) =>
    describeThroughOpenssl(t, { port: bundled.port, serverName: name, caPem: second.certPem, pair });
  t.equal((await attempt(before)).status, undefined, "a leaf of the CA that is gone is refused");
  t.equal((await attempt(after)).status, "0");
  t.equal(await bundled.metric("outboard_provider_handshakes_refused_total", 'reason="unknown-ca"'), 1);

  const since = calls;
  await until(
    () => calls > since + 50,
    () => "calls ended",
  );
  ended.abort();
  await Promise.all(workers);
  t.strictSame(failures, [], `of ${calls} calls`);
  t.equal(await reloads(), 3);
  t.notMatch(bundled.log(), "PRIVATE KEY");
});
