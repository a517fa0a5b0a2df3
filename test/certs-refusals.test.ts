import { readFileSync } from "node:fs";
import { join } from "node:path";
import root, { test } from "tap";
import { createCa, issueLeaf, type KeyPair, type LeafRequest } from "../src/certs/issue.ts";
import { apiServerMissing } from "./api-server.ts";
import { installCerts, startCertsProcess, type CertsInstallation } from "./certs-process.ts";
import { addressOf, readyOf } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { describeThroughOpenssl } from "./e2e/openssl.ts";
import { until } from "./e2e/outboard.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { freePort } from "./free-port.ts";
import { startImpostor, type Impostor } from "./impostor.ts";
import {
  applyIn,
  coreSecret,
  mountedClass,
  providerSecret,
  startMountedCore,
  startMountedProvider,
} from "./mounted-parts.ts";
import { sumOf } from "./samples.ts";
import { selfSigned } from "./self-signed.ts";
import { systemNamespace } from "./shipped-process.ts";

root.setTimeout(300_000);

const hour = 3_600_000;
const coreUri = `spiffe://cluster.local/ns/${systemNamespace}/sa/outboard-core`;
const reloadsTotal = "eso_provider_certificate_hot_reload_total";
const [ok, permissionDenied] = ["0", "7"];

test("both ends refuse each other unless all of a certificate is right", { skip: apiServerMissing() }, async (t) => {
  const world = await installCerts();
  t.teardown(() => world.stop());
  await applyCrds(world.api);
  await startCertsProcess(t, world);
  await world.service(systemNamespace, "provider-other");
  const pairs = await pairsOf(world);

  await t.test("core talks to no provider but the one that it means", async (t) => {
    const cases = await serverCases(pairs);
    const impostors = new Map<string, Impostor>();
    for (const { name, pair, maxVersion } of cases) impostors.set(name, await startImpostor(t, pair, { maxVersion }));
    const resolve = Object.fromEntries([...impostors].map(([name, { port }]) => [addressOf(name), port]));
    const core = await startMountedCore(t, world, { resolve });
    await applyIn(world, "default", ...cases.map(({ name }) => mountedClass(name)));
    const reloads = async () => sumOf(await core.ask("/metrics"), reloadsTotal);
    const { objects } = objectsOf(world.api);
    for (const when of ["at first", "after a reload"]) {
      const space = await world.namespace();
      await applyIn(world, space, ...cases.map(({ name }) => storeOf(name)));
      for (const { name, says } of cases) {
        const message = `provider fake at ${serverNameOf(name)} is not reachable: ${says}`;
        let ready: ReturnType<typeof readyOf>;
        await until(
          async () => {
            ready = readyOf((await objects(space, "secretstores")).get(name));
            // Core may see a store before the class that it names.
            return ready !== undefined && ready.reason !== "ProviderNotFound";
          },
          () => `${name} has no condition ${when}`,
        );
        // What has the right certificate here does not answer.
        if (says === undefined) continue;
        t.match(ready, { status: "False", reason: "ProviderUnavailable", message }, `${when}: ${name}`);
      }
      for (const { name, says } of cases) {
        const { connections, received } = impostors.get(name) ?? {};
        t.ok(connections?.(), `${when}: ${name} was dialled`);
        t.equal(received?.() === 0, says !== undefined, `${when}: ${name} was told something only if it is the one`);
      }
      if (when !== "at first") continue;
      const count = await reloads();
      await world.rotate(systemNamespace, coreSecret);
      await until(
        async () => (await reloads()) > count,
        () => "core does not take up another certificate",
      );
    }
  });

  await t.test("a provider takes no client but those with a certificate of the CA, and tells why", async (t) => {
    const port = await freePort();
    const provider = await startMountedProvider(t, world, "fake", { port });
    const metric = async (name: string, ...labels: readonly string[]) =>
      sumOf(await provider.ask("/metrics"), name, ...labels);
    let awaited = "";
    await until(
      async () => (awaited = await provider.ask("/readyz")) === "ready\n",
      () => `it is not ready: ${awaited}`,
    );
    const cases = await clientCases(pairs);
    for (const when of ["at first", "after a reload"]) {
      for (const { who, pair, flags = [], status } of cases) {
        const caPem = readFileSync(join(provider.folder, "ca.crt"), "utf8");
        const attempt = await describeThroughOpenssl(t, { port, serverName: serverNameOf("fake"), caPem, pair, flags });
        t.equal(attempt.status, status, `${when}: ${who}`);
      }
      if (when !== "at first") continue;
      await world.rotate(systemNamespace, providerSecret("fake"));
      await until(
        async () => (await metric(reloadsTotal)) > 0,
        () => "the provider does not take up another certificate",
      );
    }
    const reasons = new Set(cases.map(({ refused }) => refused).filter((each) => each !== undefined));
    for (const reason of reasons) {
      const count = 2 * cases.filter(({ refused }) => refused === reason).length;
      const counted = await metric("outboard_provider_handshakes_refused_total", `reason="${reason}"`);
      t.equal(counted, count, `${reason} is counted`);
      t.match(provider.log(), new RegExp(`"reason":"${reason}","from":"127.0.0.1",.*"msg":"TLS handshake refused"`));
    }
  });
});

/** What the certificate controller has made, and what can be made with its key. */
interface Pairs {
  /** Issues a leaf for an hour as the certificate controller would, but for what is said. */
  issue(request: Partial<LeafRequest>): Promise<KeyPair>;
  /** In a Secret of the system namespace. */
  held(secret: string): Promise<KeyPair>;
}

async function pairsOf({ secretOnce }: CertsInstallation): Promise<Pairs> {
  const { data } = await secretOnce(systemNamespace, "eso-provider-ca-internal");
  const ca = { certPem: data.get("ca.crt") ?? "", keyPem: data.get("ca.key") ?? "" };
  return {
    issue: (request) => issueLeaf({ ca, usage: "server", validity: hour, now: Date.now(), ...request }),
    held: async (secret) => {
      const found = await secretOnce(systemNamespace, secret);
      return { certPem: found.data.get("tls.crt") ?? "", keyPem: found.data.get("tls.key") ?? "" };
    },
  };
}

/** The name that core asks a provider's certificate for. */
function serverNameOf(provider: string): string {
  return `provider-${provider}.${systemNamespace}.svc`;
}

function storeOf(name: string): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name },
    spec: {
      runtimeRef: { kind: "ClusterProviderClass", name },
      provider: { fake: { data: [{ key: "db", value: "value" }] } },
    },
  };
}

interface ServerCase {
  /** Of the provider that it stands for. */
  readonly name: string;
  readonly pair: KeyPair;
  readonly maxVersion?: "TLSv1.2";
  /** Undefined: core has nothing against it. */
  readonly says: string | undefined;
}

async function serverCases({ issue, held }: Pairs): Promise<readonly ServerCase[]> {
  const now = Date.now();
  const right = (name: string, more: Partial<LeafRequest> = {}) => issue({ dnsNames: [serverNameOf(name)], ...more });
  const ca = await createCa({ commonName: "another", validity: hour, now });
  const notForIt = "its certificate is not for that name";
  const notTrusted = "its certificate is not signed by the CA that core trusts for it";
  return [
    { name: "right", pair: await right("right"), says: undefined },
    { name: "wrong-name", pair: await right("else"), says: notForIt },
    { name: "wildcard", pair: await issue({ dnsNames: [`*.${systemNamespace}.svc`] }), says: notForIt },
    { name: "short-name", pair: await issue({ dnsNames: [`provider-short-name.${systemNamespace}`] }), says: notForIt },
    { name: "leaf-of-other", pair: await held(providerSecret("other")), says: notForIt },
    { name: "expired", pair: await right("expired", { now: now - 2 * hour }), says: "its certificate has expired" },
    {
      name: "not-yet-valid",
      pair: await right("not-yet-valid", { now: now + 24 * hour }),
      says: "its certificate is not valid yet; compare the clocks",
    },
    { name: "self-signed", pair: selfSigned("server", `DNS:${serverNameOf("self-signed")}`), says: notTrusted },
    { name: "wrong-ca", pair: await right("wrong-ca", { ca }), says: notTrusted },
    {
      name: "client-leaf",
      pair: await right("client-leaf", { usage: "client" }),
      says: "its certificate is not for servers",
    },
    {
      name: "old-tls",
      pair: await right("old-tls"),
      maxVersion: "TLSv1.2",
      says: "it does not speak TLS 1.3, the only version that connections use",
    },
  ];
}

interface ClientCase {
  readonly who: string;
  readonly pair: KeyPair | undefined;
  readonly flags?: readonly string[];
  /** Of a Describe; undefined: it comes to no call. */
  readonly status: string | undefined;
  readonly refused?: string;
}

async function clientCases({ issue, held }: Pairs): Promise<readonly ClientCase[]> {
  const now = Date.now();
  const ca = await createCa({ commonName: "another", validity: hour, now });
  const likeCore = (more: Partial<LeafRequest> = {}) => issue({ usage: "client", uris: [coreUri], ...more });
  const core = await held(coreSecret);
  const none = { status: undefined };
  return [
    { who: "core", pair: core, status: ok },
    { who: "the webhook", pair: await held("eso-provider-webhook-client-tls"), status: ok },
    { who: "somebody else", pair: await likeCore({ uris: [`${coreUri}-not`] }), status: permissionDenied },
    { who: "nobody", pair: undefined, ...none, refused: "no-certificate" },
    { who: "core over TLS 1.2", pair: core, flags: ["-tls1_2"], ...none, refused: "protocol-version" },
    { who: "core's expired", pair: await likeCore({ now: now - 2 * hour }), ...none, refused: "expired" },
    { who: "core's of tomorrow", pair: await likeCore({ now: now + 24 * hour }), ...none, refused: "not-yet-valid" },
    { who: "core's of another CA", pair: await likeCore({ ca }), ...none, refused: "unknown-ca" },
    { who: "a self-signed one", pair: selfSigned("client", `URI:${coreUri}`), ...none, refused: "unknown-ca" },
    { who: "its own", pair: await held(providerSecret("fake")), ...none, refused: "bad-certificate" },
    { who: "another provider's", pair: await held(providerSecret("other")), ...none, refused: "bad-certificate" },
    {
      who: "core's identity, for servers",
      pair: await issue({ uris: [coreUri] }),
      ...none,
      refused: "bad-certificate",
    },
  ];
}
