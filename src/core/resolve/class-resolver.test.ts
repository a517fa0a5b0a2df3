import t, { type Test } from "tap";
import type { RuntimeRef, Store } from "../../api/provider.ts";
import { createCa, issueLeaf } from "../../certs/issue.ts";
import { createLocalWorld, until } from "../../../test/local-world.ts";
import { mountedSecret } from "../../../test/mounted-secret.ts";
import { vaultStore } from "../../../test/scripted-peer.ts";
import type { Reloads } from "../../process/reloads.ts";
import { createClassCertificates } from "./class-certificates.ts";
import { createClassResolver } from "./class-resolver.ts";
import { createLookup } from "./lookup.ts";
import { mountedCertificates } from "./mounted-certificates.ts";
import { parseResolve } from "./resolve-flag.ts";

const never = new AbortController().signal;
const validity = { validity: 3_600_000, now: Date.now() };

/** `data` of a Secret with a pair of a new CA. */
async function pair(now = validity.now): Promise<Record<string, string>> {
  const ca = await createCa({ commonName: "test", validity: 36_000_000, now: validity.now });
  const { certPem, keyPem } = await issueLeaf({ ca, usage: "client", uris: ["spiffe://x/core"], ...validity, now });
  return { "ca.crt": ca.certPem, "tls.crt": certPem, "tls.key": keyPem };
}

async function setUp(t: Test) {
  const world = await createLocalWorld();
  const mount = mountedSecret();
  const mounted = await mountedCertificates({ folder: mount.folder, tell: () => undefined, interval: 5 });
  t.teardown(() => {
    mounted.close();
    mount.remove();
  });
  const resolve = parseResolve(["local.test:443=127.0.0.1:4711", "vault.team-a.svc:8080=127.0.0.1:4712"]);
  const hosts = new Map([["vault.system.svc", "10.0.0.7"]]);
  const lookup = createLookup({
    table: resolve,
    now: () => 0,
    addressesOf: async (host) => [hosts.get(host) ?? "127.0.0.1"],
  });
  const { cluster } = world;
  const classWorld = {
    cluster,
    systemNamespace: "system",
    resolve,
    readCertificates: createClassCertificates(cluster),
    mounted,
  };
  const resolver = createClassResolver({ ...classWorld, lookup });
  const secret = (namespace: string, stringData: object) =>
    world.apply("Secret", { namespace, name: "tls" }, { stringData });
  const namespaced = (spec: object, name = "vault") =>
    world.apply(
      "ProviderClass",
      { namespace: "team-a", name },
      { spec: { tls: { secretRef: { name: "tls" } }, ...spec } },
    );
  const ofCluster = (spec: object, name = "vault") =>
    world.apply(
      "ClusterProviderClass",
      { namespace: "", name },
      { spec: { tls: { secretRef: { name: "tls" } }, ...spec } },
    );
  const find = async (store: Store, caller = store.namespace) => resolver.endpoint(store, caller, never);
  return { ...world, mount, mounted, secret, namespaced, ofCluster, find };
}

function storeWith(kind: RuntimeRef["kind"] | undefined, storeKind = "SecretStore", name = "vault"): Store {
  const store = vaultStore();
  const spec = { ...store.spec, ...(kind && { runtimeRef: { kind, name } }) };
  return storeKind === "SecretStore" ? { ...store, spec } : { ...store, kind: storeKind, namespace: "", spec };
}

const byClass = storeWith("ProviderClass");
const byClusterClass = storeWith("ClusterProviderClass");
const clusterStore = storeWith("ClusterProviderClass", "ClusterSecretStore");

t.test("a store finds its provider through its class, with the class's certificates", async (t) => {
  const { secret, namespaced, ofCluster, find } = await setUp(t);
  const [own, system] = [await pair(), await pair()];
  secret("team-a", own);
  secret("system", system);
  namespaced({ address: "vault.team-a.svc:8080" });
  ofCluster({ address: "vault.system.svc:8080" });

  const first = await find(byClass);
  t.match(first, { address: "127.0.0.1:4712", serverName: "vault.team-a.svc", trust: "Secret team-a/tls" });
  t.equal(first.certificates.current()?.ca, own["ca.crt"]);
  const second = await find(byClusterClass);
  t.match(second, { address: "10.0.0.7:8080", serverName: "vault.system.svc", trust: "Secret system/tls" });
  t.equal(second.certificates.current()?.ca, system["ca.crt"], "of the system namespace, not of the store's");
  t.match(await find(clusterStore, "anybody"), second);
  t.equal((await find(byClass)).certificates, first.certificates, "one source for as long as the Secret lives");
});

t.test("a rotated Secret is used for what connects next, and read once", async (t) => {
  const { cluster, secret, namespaced, find } = await setUp(t);
  const [before, after] = [await pair(), await pair()];
  namespaced({ address: "vault.team-a.svc:8080" });
  secret("team-a", before);
  const { certificates } = await find(byClass);
  await Promise.all([find(byClass), find(byClass)]);
  t.equal(cluster.reads().get("get Secret"), 1);

  secret("team-a", { ...after, "tls.key": before["tls.key"] });
  t.equal((await find(byClass)).certificates.current()?.ca, before["ca.crt"], "what cannot be used changes nothing");
  secret("team-a", after);
  t.equal((await find(byClass)).certificates, certificates);
  t.equal(certificates.current()?.ca, after["ca.crt"]);
  t.equal(cluster.reads().get("get Secret"), 3);

  const key = { namespace: "team-a", name: "tls" };
  cluster.remove({ apiVersion: "v1", kind: "Secret", namespaced: true }, key);
  await t.rejects(find(byClass), { reason: "CertificateInvalid", message: /secret "tls"/ });
  secret("team-a", before);
  const again = await find(byClass);
  t.not(again.certificates, certificates, "another Secret of that name is another source of trust");
  t.equal(certificates.current()?.ca, after["ca.crt"], "and connections of the old one do not get its pair");
});

t.test("a class that names no Secret has core's own certificates, in whatever namespace it is", async (t) => {
  const { apply, mount, mounted, find } = await setUp(t);
  let news = 0;
  mounted.subscribe(() => (news += 1));
  const address = "vault.team-a.svc:8080";
  apply("ProviderClass", { namespace: "team-a", name: "vault" }, { spec: { address } });
  apply("ClusterProviderClass", { namespace: "", name: "vault" }, { spec: { address: "vault.system.svc:8080" } });
  const [before, after] = [await pair(), await pair()];
  mount.swap(before);
  await until("the pair is there", () => news === 1);
  const own = await find(byClass);
  const ofCluster = await find(byClusterClass);
  t.equal(own.certificates.current()?.ca, before["ca.crt"]);
  t.equal(ofCluster.certificates, own.certificates);
  t.equal(ofCluster.trust, own.trust);

  mount.swap({ ...after, "tls.key": before["tls.key"] ?? "" });
  await until("it is refused", () => news === 2);
  t.match(mounted.current().problem, /private key does not belong .*; the pair before it stays in use$/);
  t.equal((await find(byClass)).certificates.current()?.ca, before["ca.crt"]);
  mount.swap(after);
  await until("the next is taken", () => news === 3);
  t.equal(mounted.current().problem, undefined);
  t.equal(own.certificates.current()?.ca, after["ca.crt"]);
  mount.swap(before);
  await until("and the one after it", () => own.certificates.current()?.ca === before["ca.crt"]);
  t.equal(news, 3, "one good pair after another is no news");
});

t.test("a Secret's pair out of its time is not taken while the other is good, and then it is", async (t) => {
  const { cluster, secret } = await setUp(t);
  const news: object[] = [];
  const clock = { now: validity.now };
  const tell: Reloads = (from, one) => news.push({ from, ...one });
  const read = createClassCertificates(cluster, { now: () => clock.now, tell });
  const key = { namespace: "system", name: "tls" };
  const [today, tomorrow] = [await pair(), await pair(validity.now + 3_000_000)];
  secret("system", today);
  const { source, problem } = await read(key, never);
  t.equal(problem, undefined);
  secret("system", tomorrow);
  t.match((await read(key, never)).problem, /cannot be used: the certificate is not valid before .* stays in use$/);
  t.equal(source.current()?.cert, today["tls.crt"]);
  clock.now += 3_000_000;
  t.equal((await read(key, never)).problem, undefined);
  t.equal(source.current()?.cert, tomorrow["tls.crt"], "without a change of the Secret");
  clock.now += 3_600_001;
  t.match((await read(key, never)).problem, /"tls" in namespace "system": the certificate expired at [^;]*$/);
  const from = 'Secret "tls" in namespace "system"';
  const owner = { namespace: "system", service: "tls" };
  t.match(news, [
    { from, what: "taken", owner, replaced: false },
    { from, what: "problem", owner },
    { from, what: "taken", owner, replaced: true },
  ]);
});

t.test("a Secret that the view does not show is read once in ten seconds", async (t) => {
  const { cluster, secret } = await setUp(t);
  secret("system", await pair());
  let now = 0;
  const unwatched = { ...cluster, referencedVersion: () => undefined };
  const read = createClassCertificates(unwatched, { now: () => now });
  const key = { namespace: "system", name: "tls" };
  const reads = async () => {
    await read(key, never);
    return cluster.reads().get("get Secret");
  };
  t.equal(await reads(), 1);
  now = 9_999;
  t.equal(await reads(), 1);
  now = 10_000;
  t.equal(await reads(), 2);
});

t.test("what cannot be found or may not be used says why", async (t) => {
  const { apply, secret, namespaced, ofCluster, find } = await setUp(t);
  const good = await pair();
  const failure = async (store: Store, caller?: string): Promise<object> =>
    find(store, caller).then(
      () => ({}),
      (error: { reason?: unknown; code?: unknown; message?: unknown }) => ({ ...error, message: error.message }),
    );
  const check = async (what: string, store: Store, reason: string, message: RegExp, caller?: string) =>
    t.match(await failure(store, caller), { reason, message }, what);

  await check("no runtimeRef", storeWith(undefined), "ProviderNotFound", /vault: .*set spec\.runtimeRef/);
  await check("no such class", byClass, "ProviderNotFound", /^ProviderClass "vault" not found$/);
  await check(
    "a namespaced class for a cluster store",
    storeWith("ProviderClass", "ClusterSecretStore"),
    "ProviderNotApproved",
    /can only use a ClusterProviderClass/,
  );

  apply("ProviderClass", { namespace: "team-a", name: "vault" }, { spec: { address: "vault.team-a.svc:8080" } });
  await check(
    "no certificates named, and none mounted",
    byClass,
    "CertificateInvalid",
    /core's own are awaited: .*\/ca\.crt is not there; .* Secret eso-provider-client-tls, .* at --tls-dir/,
  );
  apply("ProviderClass", { namespace: "team-a", name: "vault" }, { spec: { address: "local.test:443" } });
  await check(
    "no certificates named, and no Service",
    byClass,
    "CertificateInvalid",
    /set spec\.tls\.secretRef to a Secret of namespace team-a/,
  );
  namespaced({ address: "vault.team-a.svc:8080" });
  await check("no Secret", byClass, "CertificateInvalid", /cannot get Kubernetes secret "tls" from namespace "team-a"/);
  secret("team-a", { "ca.crt": good["ca.crt"] });
  await check("half a Secret", byClass, "CertificateInvalid", /has no tls\.crt, tls\.key; add what is missing$/);
  secret("team-a", { ...good, "tls.crt": "hunter2-hunter2" });
  await check("no PEM", byClass, "CertificateInvalid", /cannot be used: the certificate has no certificate in PEM$/);

  secret("team-a", good);
  namespaced({ address: "vault.other.svc:8080" });
  await check("another tenant's Service", byClass, "ProviderNotApproved", /names one of other$/);
  apply(
    "Namespace",
    { namespace: "", name: "other" },
    {},
    { labels: { "external-secrets.io/provider-namespace": "cluster" } },
  );
  await check("loopback", byClass, "ProviderUnavailable", /not reachable: its name leads to no address/);
  namespaced({ address: "169.254.169:80" });
  await check("an address that is none", byClass, "ProviderNotFound", /spec\.address must be a DNS name and a port/);
  namespaced({ address: "example.com:443" });
  await check("no Service", byClass, "ProviderNotApproved", /names no Service of the cluster/);
  namespaced({ address: "local.test:443" });
  t.match(await find(byClass), { address: "127.0.0.1:4711", serverName: "local.test" }, "but for --resolve");

  ofCluster({ address: "example.com:443" });
  const hidden = /^ClusterProviderClass "vault" cannot be used: its Ready condition says why$/;
  await check("a tenant is told no more", byClusterClass, "ProviderNotApproved", hidden);
});

t.test("a ClusterProviderClass lets in whom its conditions let in", async (t) => {
  const { apply, secret, ofCluster, find } = await setUp(t);
  secret("system", await pair());
  apply("Namespace", { namespace: "", name: "labelled" }, {}, { labels: { team: "blue" } });
  const conditions = [{ namespaceSelector: { matchLabels: { team: "blue" } } }, { namespaceRegexes: ["^team-"] }];
  ofCluster({ address: "vault.system.svc:8080", conditions });
  const denied = {
    reason: "ProviderNotApproved",
    message: /not allowed from namespace "stranger": denied by its spec/,
  };

  t.ok(await find(byClusterClass), "a SecretStore of a namespace that is let in");
  await t.rejects(find({ ...byClusterClass, namespace: "stranger" }, "team-a"), denied, "its own namespace counts");
  t.ok(await find(clusterStore, "labelled"), "a cluster store for a caller");
  await t.rejects(find(clusterStore, "stranger"), denied);
  t.ok(await find(clusterStore, ""), "and validated without one");
  ofCluster({ address: "vault.system.svc:8080", conditions: [{ namespaceRegexes: ["("] }] });
  await t.rejects(find(byClusterClass), { reason: "ProviderNotApproved", message: /lets nobody in/ });
});
