import t from "tap";
import { createMemoryServices, serviceOf, sliceOf } from "../../../test/memory-services.ts";
import { vaultConfig, vaultStore } from "../../../test/core-store.ts";
import { providerNamespaceLabel } from "../../api/provider-namespace.ts";
import { certificates } from "../../wire/certificates.ts";
import type { CoreStore } from "../store.ts";
import { createResolver, wantedBy } from "./resolver.ts";
import { createResolveWorld } from "./world.ts";

const never = new AbortController().signal;
const source = certificates();
const config = { ...vaultConfig, namespace: "team-a" };

function setUp() {
  const services = createMemoryServices();
  const labels = new Map([["approved", { [providerNamespaceLabel]: "cluster" }]]);
  const world = createResolveWorld({
    cluster: { get: () => undefined, namespace: (name) => ({ name, labels: labels.get(name) ?? {} }) },
    services,
    systemNamespace: "system",
    resolve: new Map([["far.approved.svc:8080", "127.0.0.1:4711"]]),
    allowedAddresses: new Set(["vault.example.com:443"]),
    readCertificates: () => Promise.reject(new Error("no class is asked for")),
    mounted: { current: () => ({ source }), subscribe: () => () => {} },
  });
  const resolver = createResolver({
    ...world,
    lookup: async (address) => `looked-up ${address.host}`,
  });
  const put = (
    text: string,
    ip: string,
    ...more: readonly [Parameters<typeof serviceOf>[1]?, Parameters<typeof serviceOf>[2]?]
  ) => {
    const service = serviceOf(text, ...more);
    services.put(service);
    services.setSlices(service.metadata, [sliceOf(service, [ip])]);
    return service;
  };
  const find = async (more: Partial<CoreStore> = {}) => resolver.endpoint({ ...vaultStore(), ...more }, never);
  return { services, put, find };
}

t.test("an inline store goes to the pods of whoever is approved for its key, under that Service's name", async (t) => {
  const { services, put, find } = setUp();
  await t.rejects(find(), {
    reason: "ProviderNotFound",
    message: /no approved provider serves spec\.provider\.vault;/,
  });
  put("mine.team-a", "10.0.0.1", { serves: "vault" });
  await t.rejects(find(), { reason: "ProviderNotApproved", message: /team-a\/mine is not approved/ });
  const service = put("vault.system", "10.0.0.2", { serves: "vault" });
  const key = { namespace: "system", name: "vault" };
  const found = await find();
  t.match(found, { addresses: ["10.0.0.2:8080"], serverName: "vault.system.svc", trust: "mounted" });
  t.equal(found.certificates, source);

  services.setSlices(service.metadata, [sliceOf(service, ["10.0.0.4", "10.0.0.3"])]);
  t.strictSame((await find()).addresses, ["10.0.0.3:8080", "10.0.0.4:8080"]);
  services.put(serviceOf("vault.system", { serves: "vault", dial: "Service" }));
  t.strictSame((await find()).addresses, ["10.96.0.1:8080"]);
  services.put(serviceOf("vault.system", { serves: "vault", dial: "Service" }, { clusterIPs: [] }));
  await t.rejects(find(), { reason: "ProviderUnavailable", message: /no cluster IP/, service: key });
  services.put(service);
  services.setSlices(service.metadata, []);
  await t.rejects(find(), {
    reason: "ProviderUnavailable",
    service: key,
    message: /^the provider at vault\.system\.svc/,
  });
  services.remove(key);
  await t.rejects(find(), { reason: "ProviderNotApproved", message: /mine/ });
});

t.test(
  "a store with a config object goes to whoever serves its kind, and not to who serves the key in it",
  async (t) => {
    const { put, find } = setUp();
    t.strictSame(wantedBy({ ...vaultStore(), config }), { what: "kind", name: "Vault.provider.external-secrets.io" });
    t.strictSame(wantedBy(vaultStore()), { what: "key", name: "vault" });
    put("vault.system", "10.0.0.2", { serves: "vault" });
    await t.rejects(find({ config }), { reason: "ProviderNotFound", message: /no approved provider/ });
    put("mine.team-a", "10.0.0.3", { serves: "Vault.provider.external-secrets.io" });
    t.match(await find({ config }), { serverName: "mine.team-a.svc", addresses: ["10.0.0.3:8080"] });
    const ofCluster = { config, kind: "ClusterSecretStore", namespace: "", callerNamespace: "team-a" };
    await t.rejects(
      find(ofCluster),
      { reason: "ProviderNotFound", message: /no approved provider/ },
      "a cluster store to none of a tenant's",
    );
    put("kinds.approved", "10.0.0.4", { serves: "Vault.provider.external-secrets.io" });
    t.match(await find(ofCluster), { serverName: "kinds.approved.svc" });
    t.match(await find({ config }), { serverName: "kinds.approved.svc" }, "an approved one goes before a tenant's own");
  },
);

t.test(
  "a Provider's address leads to its own namespace's Service or an approved one, whatever that says it serves",
  async (t) => {
    const { put, find } = setUp();
    put("mine.team-a", "10.0.0.1");
    put("theirs.team-b", "10.0.0.2", { serves: "vault" });
    put("vault.system", "10.0.0.3");
    put("far.approved", "10.0.0.4");
    const at = (address: string, namespace = "team-a") => {
      const kind = namespace === "" ? "ClusterProvider" : "Provider";
      const ref = { kind, namespace, name: "main" };
      return find({ config, namespace, ref, route: { by: "address", address } });
    };
    t.match(await at("mine.team-a.svc:8080"), { serverName: "mine.team-a.svc", addresses: ["10.0.0.1:8080"] });
    t.match(await at("vault.system.svc:8080"), { serverName: "vault.system.svc", addresses: ["10.0.0.3:8080"] });
    t.match(
      await at("theirs.team-b.svc:8080", ""),
      { serverName: "theirs.team-b.svc" },
      "an administrator's goes anywhere",
    );
    const fixed = { serverName: "far.approved.svc", addresses: ["looked-up far.approved.svc"] };
    t.match(await at("far.approved.svc:8080"), fixed, "--resolve goes first");

    const refused = "ProviderNotApproved";
    const table: readonly (readonly [address: string, namespace: string, reason: string, message: RegExp])[] = [
      [
        "theirs.team-b.svc:8080",
        "team-a",
        refused,
        /^Provider "main" cannot be used: .* another one, in namespace team-b$/,
      ],
      ["kubernetes.default.svc:443", "team-a", refused, /in namespace default$/],
      ["outboard-webhook.system.svc:443", "team-a", refused, /names a Service that is no provider/],
      [
        "kubernetes.default.svc:443",
        "",
        refused,
        /^ClusterProvider "main" cannot be used: its Ready condition says why$/,
      ],
      ["10.0.0.1:8080", "team-a", "ProviderNotFound", /must be a DNS name and a port/],
      ["vault.system.svc:9", "team-a", "ProviderNotFound", /port 9, and the Service has 8080$/],
      ["example.com:443", "team-a", refused, /no Service of the cluster/],
      ["vault.example.com:443", "team-a", "CertificateInvalid", /core has no certificates; .* tls\.secretRef$/],
    ];
    for (const [address, namespace, reason, message] of table) {
      await t.rejects(at(address, namespace), { reason, message }, `${address} from ${JSON.stringify(namespace)}`);
    }
  },
);

t.test("a store that names not exactly one key goes nowhere", async (t) => {
  const { put, find } = setUp();
  put("vault.system", "10.0.0.2", { serves: "vault" });
  await t.rejects(find({ spec: { provider: {} } }), { code: "InvalidConfig" });
  await t.rejects(find({ spec: { provider: { vault: {}, aws: {} } } }), { code: "InvalidConfig" });
});
