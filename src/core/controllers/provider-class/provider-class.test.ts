import { test, type Test } from "tap";
import { clusterProviderClass } from "../../../api/kinds/cluster-provider-class.ts";
import { clusterSecretStore } from "../../../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../../../api/kinds/external-secret.ts";
import { providerClass } from "../../../api/kinds/provider-class.ts";
import { secretStore } from "../../../api/kinds/secret-store.ts";
import { ClusterError } from "../../../cluster/cluster.ts";
import { createLogger } from "../../../process/logs.ts";
import { createRegistry } from "../../../process/metrics.ts";
import { parseSettings } from "../../../process/settings.ts";
import { createLocalWorld, until } from "../../../../test/local-world.ts";
import { createMemoryServices, serviceOf, withServices } from "../../../../test/memory-services.ts";
import { mountedSecret } from "../../../../test/mounted-secret.ts";
import { createAuthority, describeVault, serverName, startPeer } from "../../../../test/scripted-peer.ts";
import { info } from "../../../../test/shim-fixture.ts";
import { startCore } from "../../core.ts";
import { createClassCertificates } from "../../resolve/class-certificates.ts";
import { createLookup } from "../../resolve/lookup.ts";
import { mountedCertificates } from "../../resolve/mounted-certificates.ts";
import { createResolver } from "../../resolve/resolver.ts";
import { createPool } from "../../shim/pool.ts";
import { createShim } from "../../shim/shim.ts";
import { coreSettings } from "../../settings.ts";
import { createResolveWorld } from "../../resolve/world.ts";

const tls = { namespace: "system", name: "tls" };
const vault = { namespace: "", name: "vault" };
const main = { namespace: "team-a", name: "main" };
const secretKind = { apiVersion: "v1", kind: "Secret", namespaced: true } as const;

type SecretReads = Parameters<typeof createClassCertificates>[0];

/** A core that finds a real gRPC peer through classes, in a cluster in memory. */
async function setUp(t: Test, { secretReads = (cluster: SecretReads): SecretReads => cluster } = {}) {
  const world = await createLocalWorld();
  const services = createMemoryServices();
  const cluster = withServices(world.cluster, services);
  const authority = await createAuthority();
  const peer = await startPeer({
    script: {
      describe: describeVault(),
      validate: () => ({ valid: true, error: "", warnings: [], info }),
      read: ({ reads }) => ({
        outcomes: reads.map(() => ({ outcome: { $case: "value" as const, value: Buffer.from("v") } })),
        info,
      }),
    },
    server: await authority.server(),
    client: authority.client,
  });
  const resolve = new Map([[`${serverName}:8080`, peer.address]]);
  const registry = createRegistry();
  const pool = createPool({ registry });
  const readCertificates = createClassCertificates(secretReads(cluster));
  const mount = mountedSecret();
  const mounted = await mountedCertificates({ folder: mount.folder, tell: () => undefined, interval: 5 });
  const places = { systemNamespace: "system", resolve, allowedAddresses: new Set<string>() };
  const resolveWorld = createResolveWorld({ cluster, services, ...places, readCertificates, mounted });
  const lookup = createLookup({ table: resolve, now: Date.now });
  const shim = createShim({
    resolver: createResolver({ ...resolveWorld, lookup }),
    references: () => [],
    pool,
    registry,
  });
  const logger = createLogger({ name: "core", level: "error" });
  const settings = parseSettings(coreSettings, []);
  const core = startCore({
    cluster,
    ...shim,
    world: resolveWorld,
    references: () => [],
    ofAdministrator: () => false,
    settings,
    registry,
    logger,
    now: Date.now,
  });
  t.teardown(async () => {
    await core.stop();
    pool.close();
    peer.kill();
    mounted.close();
    mount.remove();
  });
  const { ca = "", cert = "", key = "" } = authority.client.current() ?? {};
  const files = { "ca.crt": ca, "tls.crt": cert, "tls.key": key };
  const becomes = (kind: Parameters<typeof world.ready>[0], key: Parameters<typeof world.ready>[1], reason: string) =>
    until(`${kind.kind} ${key.name} is ${reason}`, () => world.ready(kind, key)?.["reason"] === reason);
  return {
    ...world,
    services,
    condition: world.ready,
    becomes,
    secret: () => world.apply("Secret", tls, { stringData: files }),
    mount: (more: Readonly<Record<string, string>> = {}) => mount.swap({ ...files, ...more }),
    ofCluster: (spec: object = {}) =>
      world.apply("ClusterProviderClass", vault, {
        spec: { address: `${serverName}:8080`, tls: { secretRef: { name: tls.name } }, ...spec },
      }),
  };
}

const provider = { vault: { server: "http://v" } };
const runtimeRef = { kind: "ClusterProviderClass", name: "vault" };

test("whatever is missing is named, and stores work as soon as it is there", async (t) => {
  const { cluster, apply, condition, becomes, secret, ofCluster } = await setUp(t);
  apply("SecretStore", main, { spec: { provider, runtimeRef } });
  apply("ClusterSecretStore", { namespace: "", name: "shared" }, { spec: { provider, runtimeRef: { name: "vault" } } });
  apply("ExternalSecret", main, {
    spec: { secretStoreRef: { name: "main" }, data: [{ secretKey: "k", remoteRef: { key: "k" } }] },
  });
  await becomes(secretStore, main, "ProviderNotFound");
  t.match(condition(secretStore, main), { status: "False", message: 'ClusterProviderClass "vault" not found' });

  ofCluster();
  await becomes(clusterProviderClass, vault, "CertificateInvalid");
  t.match(condition(clusterProviderClass, vault), {
    status: "False",
    message: /cannot get Kubernetes secret "tls" from namespace "system"/,
  });
  await becomes(secretStore, main, "CertificateInvalid");

  secret();
  await becomes(clusterProviderClass, vault, "Valid");
  await becomes(secretStore, main, "Valid");
  await becomes(clusterSecretStore, { namespace: "", name: "shared" }, "Valid");
  await becomes(externalSecret, main, "SecretSynced");
  const events = cluster.events(clusterProviderClass, vault).map(({ type, reason }) => `${type} ${reason}`);
  t.strictSame(events, ["Warning CertificateInvalid", "Normal Valid"]);

  const writes = cluster.writes().get("update ClusterProviderClass/status");
  ofCluster({ conditions: [{ namespaces: ["others"] }] });
  await becomes(secretStore, main, "ProviderNotApproved");
  t.match(condition(secretStore, main), { message: /is not allowed from namespace "team-a"/ });
  ofCluster();
  await becomes(secretStore, main, "Valid");
  t.equal(cluster.writes().get("update ClusterProviderClass/status"), writes, "what did not change is not written");

  cluster.remove(secretKind, tls);
  await becomes(clusterProviderClass, vault, "CertificateInvalid");
  await becomes(secretStore, main, "CertificateInvalid");
  secret();
  await becomes(secretStore, main, "Valid");
  cluster.remove(clusterProviderClass, vault);
  await becomes(secretStore, main, "ProviderNotFound");
});

test("a class without a Secret says which file is awaited, and stores work as soon as it is mounted", async (t) => {
  const { cluster, apply, condition, becomes, mount, ofCluster } = await setUp(t);
  ofCluster({ tls: undefined });
  apply("SecretStore", main, { spec: { provider, runtimeRef } });
  await becomes(clusterProviderClass, vault, "CertificateInvalid");
  await becomes(secretStore, main, "CertificateInvalid");
  t.match(condition(clusterProviderClass, vault), { message: /core's own are awaited: \/.*\/ca\.crt is not there; / });
  t.notMatch(condition(secretStore, main), { message: /ca\.crt/ }, "which is nothing for a tenant");

  mount();
  await becomes(clusterProviderClass, vault, "Valid");
  await becomes(secretStore, main, "Valid");
  const looks = cluster.writes().get("update SecretStore/status");
  mount({ "tls.key": "torn" });
  await becomes(clusterProviderClass, vault, "CertificateInvalid");
  t.match(condition(clusterProviderClass, vault), { message: /: the private key is no PEM .* stays in use$/ });
  mount();
  await becomes(clusterProviderClass, vault, "Valid");
  t.match(condition(secretStore, main), { reason: "Valid" });
  t.equal(cluster.writes().get("update SecretStore/status"), looks, "stores worked all the while");
});

const said = (condition: Readonly<Record<string, unknown>> | undefined) => String(condition?.["message"]);

test("a class that leads elsewhere is told from one that cannot be used, and a label mends what it is about", async (t) => {
  const { services, apply, condition, becomes } = await setUp(t);
  const own = { namespace: "team-a", name: "own" };
  const spec = (address: string) => ({ spec: { address, tls: { secretRef: { name: "tls" } } } });
  apply("ProviderClass", own, spec("vault.team-b.svc:8080"));
  await becomes(providerClass, own, "ProviderNotApproved");
  apply(
    "Namespace",
    { namespace: "", name: "team-b" },
    {},
    {
      labels: { "external-secrets.io/provider-namespace": "cluster" },
    },
  );
  await until("it is no provider", () => /no Service vault with label/.test(said(condition(providerClass, own))));
  services.put(serviceOf("vault.team-b"));
  await becomes(providerClass, own, "CertificateInvalid");
  services.remove({ namespace: "team-b", name: "vault" });
  await becomes(providerClass, own, "ProviderNotApproved");
  services.put(serviceOf("vault.team-b"));
  await becomes(providerClass, own, "CertificateInvalid");
  apply(
    "Secret",
    { ...tls, namespace: "team-a" },
    { stringData: { "ca.crt": "x", "tls.crt": "hunter2", "tls.key": "y" } },
  );
  await until("its Secret was looked at", () => /cannot be used/.test(said(condition(providerClass, own))));
  t.notMatch(condition(providerClass, own), { message: /hunter2/ });
  apply("ProviderClass", own, spec("10.0.0.1:80"));
  await becomes(providerClass, own, "ProviderNotFound");
});

test("a store that is being deleted loses ESO's finalizer, and keeps others", async (t) => {
  const { cluster, apply } = await setUp(t);
  const finalizers = ["secretstore.externalsecrets.io/finalizer", "example.com/other"];
  apply("SecretStore", main, { spec: { provider } }, { finalizers });
  cluster.remove(secretStore, main);
  await until("the finalizer is gone", () => cluster.get(secretStore, main)?.metadata.finalizers.length === 1);
  t.strictSame(cluster.get(secretStore, main)?.metadata.finalizers, ["example.com/other"]);
});

test("a class whose Secret may not be read is tried again by itself", async (t) => {
  let refusals = 0;
  const { becomes, condition, secret, ofCluster } = await setUp(t, {
    secretReads: (cluster) => ({
      referencedVersion: (kind, key) => cluster.referencedVersion(kind, key),
      referencedKeys: async (...asked) => {
        if (++refusals <= 1) throw new ClusterError("Forbidden", "get Secret tls: 403");
        return cluster.referencedKeys(...asked);
      },
    }),
  });
  secret();
  ofCluster();
  await becomes(clusterProviderClass, vault, "CertificateInvalid");
  t.match(condition(clusterProviderClass, vault), { message: /let Outboard's core read it/ });
  await becomes(clusterProviderClass, vault, "Valid");
});
