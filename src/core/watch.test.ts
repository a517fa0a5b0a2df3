import { test, type Test } from "tap";
import { createLocalWorld, until } from "../../test/local-world.ts";
import { createMemoryServices, serviceOf, sliceOf, withServices } from "../../test/memory-services.ts";
import { ProviderError } from "../api/errors.ts";
import { clusterProvider } from "../api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret as externalSecretKind } from "../api/kinds/external-secret.ts";
import { provider } from "../api/kinds/provider.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Provider } from "../api/provider.ts";
import type { Change, ObjectKey } from "../cluster/cluster.ts";
import { createNotifier } from "../cluster/notify.ts";
import type { Kind } from "../cluster/objects.ts";
import { createLogger } from "../process/logs.ts";
import { createRegistry } from "../process/metrics.ts";
import { parseSettings } from "../process/settings.ts";
import { certificates } from "../wire/certificates.ts";
import { startCore } from "./core.ts";
import { createResolver } from "./resolve/resolver.ts";
import { coreSettings } from "./settings.ts";
import type { CoreStore } from "./store.ts";
import { createResolveWorld } from "./resolve/world.ts";

const main = { namespace: "team", name: "main" };
const app = { namespace: "team", name: "app" };
const vaultId = "Vault.provider.external-secrets.io";
const providerRef = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Vault", name: "main" };
const vault = { server: "http://one" };
const ofCluster = (name: string) => ({ namespace: "", name });

/**
 * A core that finds providers in Services, in a cluster in memory. A provider is no more than what it was found at: each
 * value is "ADDRESS SERVER", server being the spec's. Time passes sixty times slower, so that what a failure leads to by
 * itself comes after each test gave up: whatever is mended was mended by a change.
 */
async function setUp(t: Test, { isInstalled = true } = {}) {
  const local = await createLocalWorld();
  const services = createMemoryServices();
  const definitions = createNotifier();
  const begin = Date.now();
  let installed = isInstalled;
  let count = 0;
  const cluster = {
    ...withServices(local.cluster, services),
    followedKind: (id: string) => (installed ? local.cluster.followedKind(id) : undefined),
    watch: (listener: (change: Change) => void) => {
      const ends = [local.cluster.watch(listener), services.watch(listener), definitions.watch(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
  const source = certificates();
  const world = createResolveWorld({
    cluster,
    services,
    systemNamespace: "system",
    resolve: new Map<string, string>(),
    allowedAddresses: new Set<string>(),
    readCertificates: () => Promise.reject(new ProviderError("Internal", "no class is used")),
    mounted: { current: () => ({ source }), subscribe: () => () => {} },
  });
  const resolver = createResolver({ ...world, lookup: () => Promise.reject(new Error("nothing is looked up")) });
  const seen: CoreStore[] = [];
  const core = startCore({
    cluster,
    world,
    providerFor: (store) =>
      providerAt(store, async (signal) => {
        seen.push(store);
        const { addresses } = await resolver.endpoint(store, signal);
        return addresses.join();
      }),
    references: () => [],
    ofAdministrator: () => false,
    settings: parseSettings(coreSettings, []),
    registry: createRegistry(),
    logger: createLogger({ name: "core", level: "error" }),
    now: () => begin + (Date.now() - begin) / 60,
  });
  t.teardown(() => core.stop());
  const put = (text: string, ip: string, annotations: Readonly<Record<string, string>> = {}) => {
    const service = serviceOf(text, annotations);
    services.setSlices(service.metadata, [sliceOf(service, [ip])]);
    services.put(service);
    return service;
  };
  const reason = (kind: Kind, key: ObjectKey) => String(local.ready(kind, key)?.["reason"]);
  const externalSecret = (secretStoreRef: object, key: ObjectKey = app) =>
    local.apply("ExternalSecret", key, {
      spec: { secretStoreRef, data: [{ secretKey: "v", remoteRef: { key: "k" } }] },
    });
  const value = (wanted: string, key: ObjectKey = app) =>
    until(`the value is ${wanted}`, () =>
      Buffer.from(local.cluster.secret(key)?.data?.get("v") ?? []).equals(Buffer.from(wanted)),
    );
  return {
    ...local,
    cluster,
    services,
    core,
    seen,
    put,
    reason,
    becomes: (kind: Kind, key: ObjectKey, wanted: string) =>
      until(`${kind.kind} ${key.name} is ${wanted}`, () => reason(kind, key) === wanted),
    value,
    /** What a new ExternalSecret gets from a store. */
    reads: (wanted: string, secretStoreRef: object = { name: "main" }) => {
      count += 1;
      const key = { namespace: "team", name: `app-${count}` };
      externalSecret(secretStoreRef, key);
      return value(wanted, key);
    },
    install: (kinds: boolean) => {
      installed = kinds;
      definitions.changed({ kind: "CustomResourceDefinition", key: ofCluster("vaults.provider.external-secrets.io") });
    },
    vaultKind: local.cluster.followedKind(vaultId) ?? secretStore,
    config: (namespace: string, server: string, name = "main") =>
      local.apply(vaultId, { namespace, name }, { spec: { server } }),
    externalSecret,
  };
}

function providerAt(store: CoreStore, find: (signal: AbortSignal) => Promise<string>): Provider {
  const unused = () => Promise.reject(new ProviderError("Internal", "not expected"));
  return {
    name: "found",
    capabilities: async () => ["get"],
    validateStore: async () => ({ warnings: [], errors: [] }),
    newClient: async (_store, _context, signal) => {
      const address = await find(signal);
      const spec = store.spec.provider["vault"];
      const server = typeof spec === "object" && spec !== null && "server" in spec ? String(spec.server) : "";
      return {
        getSecret: async () => new TextEncoder().encode(`${address} ${server}`),
        getSecretMap: unused,
        getAllSecrets: unused,
        pushSecret: unused,
        deleteSecret: unused,
        secretExists: unused,
        validate: async () => "Ready",
        close: async () => {},
      };
    },
  };
}

test("a Service that appears, moves, loses its annotation or its label is in use at once", async (t) => {
  const { apply, put, services, becomes, reads, value, externalSecret } = await setUp(t);
  apply("SecretStore", main, { spec: { provider: { vault } } });
  externalSecret({ name: "main" });
  await becomes(secretStore, main, "ProviderNotFound");
  const service = put("vault.system", "10.0.0.1", { serves: "vault" });
  await becomes(secretStore, main, "Valid");
  await value("10.0.0.1:8080 http://one");

  services.setSlices(service.metadata, [sliceOf(service, ["10.0.0.2"])]);
  await reads("10.0.0.2:8080 http://one");
  put("vault.system", "10.0.0.2", {});
  await becomes(secretStore, main, "ProviderNotFound");
  put("vault.system", "10.0.0.3", { serves: "vault" });
  await becomes(secretStore, main, "Valid");
  await reads("10.0.0.3:8080 http://one");
  services.remove(service.metadata);
  await becomes(secretStore, main, "ProviderNotFound");
  t.match(services.eventsOf(service.metadata), [{ type: "Normal", reason: "ProviderApproved" }]);
  t.equal(services.eventsOf(service.metadata).length, 1, "it was told of once");
});

test("pods that become ready mend the store that waited for them", async (t) => {
  const { apply, services, becomes } = await setUp(t);
  const service = serviceOf("vault.system", { serves: "vault" });
  services.put(service);
  apply("SecretStore", main, { spec: { provider: { vault } } });
  await becomes(secretStore, main, "ProviderUnavailable");
  services.setSlices(service.metadata, [sliceOf(service, ["10.0.0.1"])]);
  await becomes(secretStore, main, "Valid");
});

test("pods that are back mend the ExternalSecret that failed while there were none, though its store did not", async (t) => {
  const { apply, put, services, becomes, reason, value, externalSecret } = await setUp(t);
  const service = put("vault.system", "10.0.0.1", { serves: "vault" });
  apply("SecretStore", main, { spec: { provider: { vault } } });
  await becomes(secretStore, main, "Valid");
  services.setSlices(service.metadata, []);
  externalSecret({ name: "main" });
  await becomes(externalSecretKind, app, "SecretSyncedError");
  t.equal(reason(secretStore, main), "Valid");
  services.setSlices(service.metadata, [sliceOf(service, ["10.0.0.2"])]);
  await value("10.0.0.2:8080 http://one");
});

test("a tenant who labels a Service takes nobody's stores, until an administrator labels the namespace", async (t) => {
  const { apply, put, services, becomes, reason, seen } = await setUp(t);
  apply("SecretStore", main, { spec: { provider: { vault } } });
  apply("SecretStore", { namespace: "evil", name: "own" }, { spec: { provider: { vault } } });
  apply("ClusterSecretStore", ofCluster("shared"), { spec: { provider: { vault } } });
  await becomes(secretStore, main, "ProviderNotFound");
  await becomes(clusterSecretStore, ofCluster("shared"), "ProviderNotFound");
  const looks = seen.length;
  const service = put("vault.evil", "10.6.6.6", { serves: "vault" });
  await becomes(secretStore, { namespace: "evil", name: "own" }, "ProviderNotApproved");
  await until("the others were looked at again", () => seen.length >= looks + 3);
  t.equal(reason(secretStore, main), "ProviderNotFound");
  t.equal(reason(clusterSecretStore, ofCluster("shared")), "ProviderNotFound");
  t.match(services.eventsOf(service.metadata), [{ type: "Warning", reason: "ProviderNotApproved" }]);

  const labels = { "external-secrets.io/provider-namespace": "cluster" };
  apply("Namespace", ofCluster("evil"), {}, { labels });
  await becomes(secretStore, main, "Valid");
  await becomes(clusterSecretStore, ofCluster("shared"), "Valid");
  apply("Namespace", ofCluster("evil"), {}, {});
  await becomes(secretStore, main, "ProviderNotFound");
});

test("each kind of reference is in use as soon as what it names is there, and follows it", async (t) => {
  const { cluster, apply, put, becomes, config, value, reads, externalSecret, seen } = await setUp(t);
  put("vault.system", "10.0.0.1", { serves: `vault ${vaultId}` });
  const pinned = { ...providerRef, namespace: "platform" };
  const scope = { authenticationScope: "ManifestNamespace" };
  const kinds: readonly (readonly [kind: Kind, key: ObjectKey, spec: object, from: string])[] = [
    [secretStore, main, { providerRef }, "team"],
    [provider, main, { providerRef }, "team"],
    [clusterSecretStore, ofCluster("pinned"), { providerRef: pinned }, "platform"],
    [clusterProvider, ofCluster("pinned"), { providerRef: pinned }, "platform"],
    [clusterSecretStore, ofCluster("of-caller"), { providerRef }, "team"],
    [clusterProvider, ofCluster("of-caller"), { providerRef, ...scope }, "team"],
  ];
  const nameOf = (kind: Kind, { name }: ObjectKey) => ({
    namespace: "team",
    name: `${kind.kind.toLowerCase()}-${name}`,
  });
  const isOfCaller = ({ name }: ObjectKey) => name === "of-caller";
  for (const [kind, key, spec] of kinds) {
    apply(kind.kind, key, { spec });
    await becomes(kind, key, isOfCaller(key) ? "ValidationUnknown" : "InvalidProviderConfig");
    externalSecret({ kind: kind.kind, name: key.name }, nameOf(kind, key));
    await becomes(externalSecretKind, nameOf(kind, key), "SecretSyncedError");
  }
  config("team", "http://first-team");
  config("platform", "http://first-platform");
  for (const [kind, key, , from] of kinds) {
    await value(`10.0.0.1:8080 http://first-${from}`, nameOf(kind, key));
    await becomes(kind, key, isOfCaller(key) ? "ValidationUnknown" : "Valid");
  }

  seen.length = 0;
  config("team", "http://second-team");
  config("platform", "http://second-platform");
  const validated = () =>
    seen.map(({ ref, spec }) => `${ref.kind} ${ref.name} ${JSON.stringify(spec.provider)}`).toSorted();
  const wanted = kinds
    .filter(([, key]) => !isOfCaller(key))
    .map(
      ([kind, { name }, , from]) => `${kind.kind} ${name} {"vault":{"server":"http://second-${from}","version":"v2"}}`,
    );
  await until("all were validated again", () => validated().length >= wanted.length);
  t.strictSame(validated(), wanted.toSorted());
  for (const [{ kind }, { name }, , from] of kinds) await reads(`10.0.0.1:8080 http://second-${from}`, { kind, name });

  cluster.remove(cluster.followedKind(vaultId) ?? provider, main);
  await becomes(provider, main, "InvalidProviderConfig");
  await becomes(secretStore, main, "InvalidProviderConfig");
});

test("a ClusterProvider that names no namespace where it must is not Ready", async (t) => {
  const { cluster, apply, becomes } = await setUp(t);
  apply("ClusterProvider", ofCluster("nowhere"), { spec: { providerRef } });
  await becomes(clusterProvider, ofCluster("nowhere"), "InvalidProviderConfig");
  t.match(cluster.events(clusterProvider, ofCluster("nowhere")), [
    { message: /names no namespace in spec\.providerRef/ },
  ]);
});

test("a config object that an ExternalSecret names itself is looked at as a store is, from then on", async (t) => {
  const { cluster, put, becomes, config, reads, value, vaultKind, ready, core, seen, externalSecret } = await setUp(t);
  const { apiVersion, kind } = providerRef;
  const direct = { apiVersion, kind, name: "main" };
  put("vault.system", "10.0.0.1", { serves: vaultId });
  config("team", "http://one");
  config("team", "http://unused", "unused");
  await reads("10.0.0.1:8080 http://one", direct);
  await becomes(vaultKind, main, "Valid");
  t.strictSame(Object.keys(cluster.get(vaultKind, main)?.status ?? {}), ["conditions"]);
  t.equal(ready(vaultKind, { namespace: "team", name: "unused" }), undefined, "one that nobody names is left alone");
  t.match(seen.at(-1), { kind: "SecretStore", namespace: "team", name: "main" });
  const pending = core.pending().filter((item) => item.kind === vaultId);
  t.strictSame(
    pending.map(({ key }) => key.name),
    ["main"],
  );

  seen.length = 0;
  config("team", "http://two");
  await until("it was validated again", () => seen.length > 0);
  await reads("10.0.0.1:8080 http://two", direct);
  cluster.remove(vaultKind, main);
  externalSecret(direct);
  await becomes(externalSecretKind, app, "SecretSyncedError");
  t.match(cluster.events(externalSecretKind, app).at(-1), {
    message:
      /could not get Vault\.provider\.external-secrets\.io "main", Vault\.provider\.external-secrets\.io "main" not/,
  });
  config("team", "http://three");
  await value("10.0.0.1:8080 http://three");
});

test("a tenant's own Service serves the config objects of its namespace while no approved one does", async (t) => {
  const { apply, put, becomes, config, reads } = await setUp(t);
  const other = { namespace: "other", name: "main" };
  put("mine.team", "10.0.0.5", { serves: vaultId });
  config("team", "http://one");
  config("other", "http://one");
  apply("Provider", main, { spec: { providerRef } });
  apply("Provider", other, { spec: { providerRef } });
  await becomes(provider, main, "Valid");
  await reads("10.0.0.5:8080 http://one", { kind: "Provider", name: "main" });
  await becomes(provider, other, "ProviderNotFound");
  put("vault.system", "10.0.0.1", { serves: vaultId });
  await becomes(provider, other, "Valid");
  await reads("10.0.0.1:8080 http://one", { kind: "Provider", name: "main" });
});

test("a Provider with an address follows the Service there", async (t) => {
  const { apply, put, services, becomes, config, ready } = await setUp(t);
  config("team", "http://one");
  apply("Provider", main, { spec: { providerRef, address: "mine.team.svc:8080" } });
  await becomes(provider, main, "ProviderNotApproved");
  t.match(ready(provider, main), { message: /no Service mine with label external-secrets\.io\/provider=true/ });
  put("mine.team", "10.0.0.5");
  await becomes(provider, main, "Valid");
  services.remove({ namespace: "team", name: "mine" });
  await becomes(provider, main, "ProviderNotApproved");
});

test("a ClusterProvider serves whom its conditions let in", async (t) => {
  const { cluster, apply, put, config, value, becomes, externalSecret } = await setUp(t);
  put("vault.system", "10.0.0.1", { serves: vaultId });
  config("platform", "http://one");
  const spec = { providerRef: { ...providerRef, namespace: "platform" } };
  const conditions = [{ namespaceSelector: { matchLabels: { team: "blue" } } }];
  apply("ClusterProvider", ofCluster("shared"), { spec: { ...spec, conditions } });
  await becomes(clusterProvider, ofCluster("shared"), "Valid");
  externalSecret({ kind: "ClusterProvider", name: "shared" });
  await becomes(externalSecretKind, app, "SecretSyncedError");
  t.match(cluster.events(externalSecretKind, app).at(-1), {
    message: /using cluster store "shared" is not allowed from namespace "team": denied by spec\.condition$/,
  });
  apply("Namespace", ofCluster("team"), {}, { labels: { team: "blue" } });
  await value("10.0.0.1:8080 http://one");
});

test("what names a config kind works once its CustomResourceDefinition is there, and says so when it goes", async (t) => {
  const world = await setUp(t, { isInstalled: false });
  const { apply, put, config, becomes, value, install, externalSecret, cluster } = world;
  const { apiVersion, kind } = providerRef;
  const direct = { namespace: "team", name: "direct" };
  put("vault.system", "10.0.0.1", { serves: vaultId });
  config("team", "http://one");
  apply("Provider", main, { spec: { providerRef } });
  externalSecret({ kind: "Provider", name: "main" });
  externalSecret({ apiVersion, kind, name: "main" }, direct);
  await becomes(provider, main, "InvalidProviderConfig");
  t.match(cluster.events(provider, main), [
    { message: /no config kind that is served here, or none that core may list; apply its Custom/ },
  ]);
  await becomes(externalSecretKind, app, "SecretSyncedError");
  await becomes(externalSecretKind, direct, "SecretSyncedError");
  install(true);
  await becomes(provider, main, "Valid");
  await value("10.0.0.1:8080 http://one");
  await value("10.0.0.1:8080 http://one", direct);
  install(false);
  await becomes(provider, main, "InvalidProviderConfig");
  const late = { namespace: "team", name: "late" };
  externalSecret({ apiVersion, kind, name: "main" }, late);
  await becomes(externalSecretKind, late, "SecretSyncedError");
});
