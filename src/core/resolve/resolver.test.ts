import t, { type Test } from "tap";
import { createCa, issueLeaf } from "../../certs/issue.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import { createLocalWorld, until } from "../../../test/local-world.ts";
import { createMemoryServices, serviceOf, sliceOf } from "../../../test/memory-services.ts";
import { mountedSecret } from "../../../test/mounted-secret.ts";
import { vaultStore } from "../../../test/core-store.ts";
import type { ClassRef } from "../kinds.ts";
import type { CoreStore } from "../store.ts";
import type { Reloads } from "../../process/reloads.ts";
import { createClassCertificates } from "./class-certificates.ts";
import { createLookup } from "./lookup.ts";
import { mountedCertificates } from "./mounted-certificates.ts";
import { parseResolve } from "./resolve-flag.ts";
import { createResolver } from "./resolver.ts";
import { createResolveWorld } from "./world.ts";

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
  const hosts = new Map([["allowed.test", "10.0.0.8"]]);
  const lookup = createLookup({
    table: resolve,
    now: () => 0,
    addressesOf: async (host) => [hosts.get(host) ?? "127.0.0.1"],
  });
  const { cluster } = world;
  const services = createMemoryServices([serviceOf("vault.team-a"), serviceOf("vault.system")]);
  services.setSlices({ namespace: "system", name: "vault" }, [sliceOf(serviceOf("vault.system"), ["10.0.0.7"])]);
  const resolveWorld = createResolveWorld({
    cluster,
    services,
    systemNamespace: "system",
    resolve,
    allowedAddresses: new Set(["allowed.test:443"]),
    readCertificates: createClassCertificates(cluster),
    mounted,
  });
  const resolver = createResolver({ ...resolveWorld, lookup });
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
  const find = async (store: CoreStore, callerNamespace = store.namespace) =>
    resolver.endpoint({ ...store, callerNamespace }, never);
  return { ...world, services, mount, mounted, secret, namespaced, ofCluster, find };
}

function storeWith(kind: ClassRef["kind"], storeKind = "SecretStore"): CoreStore {
  const namespace = storeKind === "SecretStore" ? "team-a" : "";
  const ref = { kind, namespace: kind === "ProviderClass" ? namespace : "", name: "vault" };
  return { ...vaultStore(), kind: storeKind, namespace, route: { by: "class", ref } };
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
  t.match(first, { addresses: ["127.0.0.1:4712"], serverName: "vault.team-a.svc", trust: "Secret team-a/tls" });
  t.equal(first.certificates.current()?.ca, own["ca.crt"]);
  const second = await find(byClusterClass);
  t.match(second, { addresses: ["10.0.0.7:8080"], serverName: "vault.system.svc", trust: "Secret system/tls" });
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
  const { apply, services, secret, namespaced, ofCluster, find } = await setUp(t);
  const good = await pair();
  const failure = async (store: CoreStore, caller?: string): Promise<object> =>
    find(store, caller).then(
      () => ({}),
      (error: { reason?: unknown; code?: unknown; message?: unknown }) => ({ ...error, message: error.message }),
    );
  const check = async (what: string, store: CoreStore, reason: string, message: RegExp, caller?: string) =>
    t.match(await failure(store, caller), { reason, message }, what);

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
  await check("another tenant's Service", byClass, "ProviderNotApproved", /names another one, in namespace other$/);
  apply(
    "Namespace",
    { namespace: "", name: "other" },
    {},
    { labels: { "external-secrets.io/provider-namespace": "cluster" } },
  );
  const other = { namespace: "other", name: "vault" };
  await check("no such Service", byClass, "ProviderNotApproved", /no Service vault with label external-secrets/);
  services.put(serviceOf("vault.other", {}, { type: "ExternalName" }));
  await check("another host", byClass, "ProviderNotApproved", /names an ExternalName Service/);
  services.put(
    serviceOf(
      "vault.other",
      {},
      {
        ports: [
          { name: "", port: 80 },
          { name: "b", port: 81 },
        ],
      },
    ),
  );
  await check("another port", byClass, "ProviderNotFound", /names port 8080, and the Service has 80, 81$/);
  services.put(serviceOf("vault.other"));
  await check(
    "no pods",
    byClass,
    "ProviderUnavailable",
    /at vault\.other\.svc is not reachable: no pod of it is ready$/,
  );
  t.match(await failure(byClass), { service: other }, "with what mends it");
  services.setSlices(other, [sliceOf(serviceOf("vault.other"), ["127.0.0.1", "169.254.169.254"])]);
  await check("addresses of no pod", byClass, "ProviderUnavailable", /no pod of it is ready$/);
  services.setSlices(other, undefined);
  await check("slices that core may not read", byClass, "ProviderUnavailable", /EndpointSlices cannot be read now$/);
  services.setSlices(other, new ClusterError("TooManyRequests", "use fewer Services"));
  await check("slices beyond what is followed", byClass, "ProviderUnavailable", /reachable: use fewer Services$/);
  namespaced({ address: "169.254.169:80" });
  await check("an address that is none", byClass, "ProviderNotFound", /spec\.address must be a DNS name and a port/);
  namespaced({ address: "example.com:443" });
  await check("no Service", byClass, "ProviderNotApproved", /names no Service of the cluster/);
  namespaced({ address: "local.test:443" });
  t.match(await find(byClass), { addresses: ["127.0.0.1:4711"], serverName: "local.test" }, "but for --resolve");
  namespaced({ address: "allowed.test:443" });
  t.match(await find(byClass), { addresses: ["10.0.0.8:443"], serverName: "allowed.test" }, "or --allow-address");
  namespaced({ address: "allowed.test:444" });
  await check("another port of it", byClass, "ProviderNotApproved", /let an administrator name it with --allow-addr/);

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
