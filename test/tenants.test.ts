// What a tenant may not do, and with it the security rows of what is known of the prototype (each a weakness of it):
//
//  1  one Secret holds every key        certs-process: "where the Service is decides which Secret it has"; certs-roles
//  2  providers read every Secret       core-vault: "the provider's account may read no Secret"
//  3  any client certificate will do    here: "a certificate of the cluster is not core's"; certs-refusals; allow-client:
//                                       "who --allow-client does not name is refused and counted"
//  4  tenant's config, cluster kind     here: "a config object of a tenant's reaches no other namespace"
//  5  an address is dialled unchecked   here: "an address leads to no Service but one's own and approved ones"
//  6  the CA's expiry is dead code      certs-clock
//  7  a new CA cuts everything off      certs-rotation
//  8  no hot reload                     certs-rotation; certs-refusals: "after a reload"
//  9  TLS can be turned off             certs-refusals: "nobody", "core over TLS 1.2", and what serves without either
// 10  logs hold credentials             every test that plants one searches what its processes said (e2e/outboard.ts)
// 11  a push sends the whole Secret     nothing is pushed yet
// 12  SecretStore.providerRef.namespace here: "a SecretStore's configuration is in its own namespace, rule or no rule"
import { once } from "node:events";
import { createServer } from "node:http";
import root, { test, type Test } from "tap";
import type { KeyPair } from "../src/certs/issue.ts";
import { apiServerMissing } from "./api-server.ts";
import { providerNamespace } from "./certs-process.ts";
import { addressOf, externalSecretOf } from "./core-process.ts";
import { grpcPort, machine, startDiscoveryWorld, type DiscoveryWorld } from "./discovery-world.ts";
import { describeThroughOpenssl } from "./e2e/openssl.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { startImpostor } from "./impostor.ts";
import { applyIn, type ProviderProcess } from "./mounted-parts.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { sumOf } from "./samples.ts";
import { systemNamespace } from "./shipped-process.ts";
import { createTenant, type Manifest } from "./tenant.ts";

root.setTimeout(300_000);

const system = { name: "provider-fake-0", ip: "10.99.0.2" };
const vaultPod = { name: "provider-vault-0", ip: "10.99.0.3" };
const [ownIp, otherIp, webhookIp, backendIp] = ["10.99.0.4", "10.99.0.5", "10.99.0.6", "10.99.0.7"] as const;
const backendPort = 8200;
const backend = `http://${backendIp}:${backendPort}`;
const certificate = "external-secrets-provider-tls";

const addresses = [machine, system.ip, vaultPod.ip, ownIp, otherIp, webhookIp, backendIp];
await inNetworkNamespace({ file: import.meta.filename, addresses }, () => {
  const skip = apiServerMissing({ controllerManager: true });
  test("what a tenant may do to others, and to itself", { skip }, async (whole) => {
    const t = whole;
    const world = await startDiscoveryWorld(t);
    const [victim, team, other] = [await world.namespace(), await world.namespace(), await world.namespace()];
    const tenant = await createTenant(world, team);
    const written = async (t: Test, ...manifests: readonly Manifest[]) => {
      for (const manifest of manifests) {
        const { status, body } = await tenant.create(manifest);
        t.equal(status, 201, `the tenant creates ${manifest.kind} ${manifest.metadata.name}`, { body });
      }
    };
    const eventOf = async (pattern: RegExp) => {
      let said: readonly string[] = [];
      await until(
        async () => (said = await world.events(team)).some((line) => pattern.test(line)),
        () => `no event is ${pattern}; they are:\n${said.join("\n")}`,
      );
    };

    // Older than every provider of the cluster's own.
    await written(t, serviceOf("mine", { serves: "vault fake Vault.provider.external-secrets.io" }));
    await applyIn(world, other, serviceOf("theirs"));
    const own = await pairOf(world, team);
    const listeners = {
      own: await startImpostor(t, own, { host: ownIp, port: grpcPort }),
      other: await startImpostor(t, await pairOf(world, other), { host: otherIp, port: grpcPort }),
      webhook: await startImpostor(t, own, { host: webhookIp, port: grpcPort }),
      apiServer: await startImpostor(t, own, { host: machine, port: Number(new URL(world.api.url).port) }),
    };
    const connections = () => {
      const { own, other, webhook, apiServer } = listeners;
      return {
        own: own.connections(),
        other: other.connections(),
        webhook: webhook.connections(),
        apiServer: apiServer.connections(),
      };
    };
    // From before there is anything that could lead core there.
    const silence = connections();
    await written(t, sliceOf("mine", ownIp, team));
    const value = plantSecret();
    const token = plantSecret();
    await applyIn(
      world,
      victim,
      { apiVersion: "v1", kind: "Secret", metadata: { name: "token" }, stringData: { token } },
      storeOf("main", { fake: { data: [{ key: "k", value }] } }),
      storeOf("vault", vaultSpec()),
      configOf("Fake", "main", { data: [{ key: "k", value }] }),
      externalSecretOf("k"),
    );

    await t.test("a labelled Service takes nobody's stores, whatever it claims", async (t) => {
      await eventOf(/^Provider\w+ mine x1: /);
      await written(
        t,
        storeOf("main", { fake: { data: [{ key: "k", value: "own" }] } }),
        storeOf("vault", vaultSpec()),
      );
      await written(t, externalSecretOf("k") as Manifest);
      const nobody = { status: "False", reason: "ProviderNotFound" };
      const refused = { status: "False", reason: "ProviderNotApproved" };
      for (const name of ["main", "vault"]) {
        for (const [space, wanted] of [
          [victim, nobody],
          [team, refused],
        ] as const) {
          t.match(await world.comes(space, `secretstore/${name}`, { status: "False" }), wanted, `${name} of ${space}`);
        }
      }
      t.strictSame(connections(), silence, "no Service of a tenant's is dialled where there is no other");
      const provider = await world.pod(whole, "fake", system);
      for (const space of [victim, team]) {
        await world.comes(space, "secretstore/main", { status: "True" });
        await world.comes(space, "externalsecret/app", { status: "True" });
      }
      t.equal((await world.secret(victim, "app"))?.data.get("password"), value);
      t.equal((await world.secret(team, "app"))?.data.get("password"), "own", "its own store is served as all are");

      // As if these were the Pods of the provider.
      await written(t, sliceOf("provider-fake", ownIp, team));
      const inSystem = `/apis/discovery.k8s.io/v1/namespaces/${systemNamespace}/endpointslices`;
      const { status } = await tenant.request("POST", inSystem, sliceOf("provider-fake", ownIp, systemNamespace));
      t.equal(status, 403, "it writes nothing there");
      for (const serves of ["fake", "fake, vault", "vault"]) {
        const patch = serviceOf("mine", { serves });
        t.equal((await tenant.patch({ ...patch, spec: undefined })).status, 200, "the tenant changes what it claims");
      }
      await written(t, serviceOf("second", { serves: "fake" }));
      await eventOf(/^ProviderNotApproved second x1: /);
      const told = (await world.events(team)).filter((line) => /^Provider\w+ mine x/.test(line));
      t.equal(told.length, 1, "what was before it is told, once");
      t.match(told, [/^ProviderNotApproved mine x1: /]);
      const asked = await reads(provider);
      await world.api.kubectl(["-n", victim, "annotate", "externalsecret", "app", "force-sync=now"]);
      await until(
        async () => (await reads(provider)) > asked,
        () => "the provider of the cluster is not asked again",
      );
      await world.comes(victim, "secretstore/vault", nobody);
      await world.comes(team, "secretstore/vault", refused);
      t.strictSame(connections(), silence, "nothing of a tenant's is dialled in the place of the provider's Pods");
    });

    await t.test("its own Provider may name the provider of the cluster", async (t) => {
      await written(
        t,
        configOf("Fake", "own", { data: [{ key: "k", value: "from-config" }] }),
        providerOf("good", addressOf("fake"), { kind: "Fake", name: "own" }),
        named("by-provider", { secretStoreRef: { kind: "Provider", name: "good" } }),
        named("by-config", { secretStoreRef: { ...configRef("Fake"), name: "own" } }),
      );
      await world.comes(team, "provider/good", { status: "True" });
      const { status } = await world.get(team, "provider/good");
      t.match(status, { endpoint: addressOf("fake"), protocol: "outboard.v1" });
      for (const name of ["by-provider", "by-config"]) {
        await world.comes(team, `externalsecret/${name}`, { status: "True" });
        t.equal((await world.secret(team, name))?.data.get("password"), "from-config");
      }
    });

    await t.test("an address leads to no Service but one's own and approved ones", async (t) => {
      const webhook = { ...serviceOf("external-secrets-webhook"), spec: { ports: [{ name: "grpc", port: 443 }] } };
      const slice = sliceOf("external-secrets-webhook", webhookIp, systemNamespace);
      await applyIn(world, systemNamespace, { ...webhook, metadata: { name: webhook.metadata.name } }, slice);
      await applyIn(world, other, sliceOf("theirs", otherIp, other));
      // Kubernetes takes an IP address for a name, and so does every resolver: whoever follows it gets there without DNS.
      const ports = [{ name: "grpc", port: grpcPort }];
      await written(
        t,
        { ...serviceOf("elsewhere"), spec: { type: "ExternalName", externalName: webhookIp, ports } },
        sliceOf("elsewhere", ownIp, team),
        { ...serviceOf("plain"), metadata: { name: "plain" } },
        sliceOf("plain", ownIp, team),
      );
      await eventOf(/^ProviderNotApproved elsewhere x1: .*ExternalName/);
      const cases: readonly (readonly [name: string, address: string, reason?: string])[] = [
        ["theirs", `theirs.${other}.svc:${grpcPort}`],
        ["webhook", `external-secrets-webhook.${systemNamespace}.svc:443`],
        ["api-server", "kubernetes.default.svc:443"],
        ["elsewhere", `elsewhere.${team}.svc:${grpcPort}`],
        ["plain", `plain.${team}.svc:${grpcPort}`],
        ["outside", "evil.example.com:443"],
        ["as-if-inside", `provider-fake.${systemNamespace}.svc.evil.example:${grpcPort}`],
        ["number", `${hexadecimal(webhookIp)}:${grpcPort}`, "ProviderNotFound"],
        ["ip", `${webhookIp}:${grpcPort}`, "ProviderNotFound"],
      ];
      // With certificates, so that it is for its address that a class is refused.
      const tls = { secretRef: { name: certificate } };
      for (const [name, address] of cases) {
        await written(
          t,
          providerOf(name, address, { kind: "Fake", name: "own" }),
          { apiVersion: alpha, kind: "ProviderClass", metadata: { name }, spec: { address, tls } },
          storeOf(name, { fake: { data: [] } }, { runtimeRef: { kind: "ProviderClass", name } }),
        );
      }
      for (const [name, address, reason = "ProviderNotApproved"] of cases) {
        for (const kind of ["provider", "providerclass", "secretstore"]) {
          t.match(
            await world.comes(team, `${kind}/${name}`, {}),
            { status: "False", reason },
            `${kind} with ${address}`,
          );
        }
      }
      t.strictSame(connections(), silence, "nothing is dialled");
    });

    await t.test(
      "EndpointSlices by hand lead to Pods of the namespace only, and there the certificate proves",
      async (t) => {
        const own = plantSecret();
        await written(
          t,
          { apiVersion: "v1", kind: "Secret", metadata: { name: "token" }, stringData: { token: own } },
          configOf("Vault", "by-hand", vaultSpec().vault),
          serviceOf("by-hand"),
          sliceOf("by-hand", system.ip),
          { ...sliceOf("by-hand", webhookIp, systemNamespace), metadata: sliceMetadata("by-hand", "of-system") },
          providerOf("by-hand", `by-hand.${team}.svc:${grpcPort}`, { kind: "Vault", name: "by-hand" }),
        );
        const unready = /no pod of it is ready/;
        const comesTo = (wanted: (message: string) => boolean) => messageOf(world, team, "provider/by-hand", wanted);
        t.match((await world.comes(team, "provider/by-hand", { status: "False" })).message, unready);
        t.strictSame(connections(), silence, "what says it is no Pod, or one of another namespace, is not dialled");

        for (const ip of [otherIp, system.ip]) {
          t.equal((await tenant.patch(sliceOf("by-hand", ip))).status, 200, "the tenant says of no Pod that it is one");
          await comesTo((message) => unready.test(message));
          t.equal((await tenant.patch(sliceOf("by-hand", ip, team))).status, 200, "and then of one of its own");
          const said = await comesTo((message) => !unready.test(message));
          t.match(said, /certificate is not for that name/, ip);
        }
        const { other: dialled, ...others } = connections();
        t.ok(dialled > silence.other, "what the slice points at is dialled");
        t.equal(listeners.other.received(), 0, "it is told nothing");
        t.match(silence, others, "and nobody else is dialled");
      },
    );

    await t.test("a config object of a tenant's reaches no other namespace", async (t) => {
      const heard = await startBackend(t);
      await world.pod(whole, "vault", vaultPod);
      const scope = "ManifestNamespace";
      const providerRef = { ...configRef("Vault"), name: "reaching" };
      await applyIn(
        world,
        "default",
        {
          apiVersion: alpha,
          kind: "ClusterProvider",
          metadata: { name: "shared" },
          spec: { providerRef, authenticationScope: scope },
        },
        { apiVersion: v1, kind: "ClusterSecretStore", metadata: { name: "shared" }, spec: { providerRef } },
      );
      await written(
        t,
        configOf("Vault", "reaching", { ...vaultSpec().vault, server: backend, auth: vaultAuth(victim) }),
        named("by-cluster-provider", { secretStoreRef: { kind: "ClusterProvider", name: "shared" } }),
        named("by-cluster-store", { secretStoreRef: { kind: "ClusterSecretStore", name: "shared" } }),
        named("by-reaching", { secretStoreRef: providerRef }),
      );
      const names = ["by-cluster-provider", "by-cluster-store", "by-reaching"];
      for (const name of names) await world.comes(team, `externalsecret/${name}`, { status: "False" });
      t.equal(heard().length, 0, "the backend that it names hears of nothing");

      const { status } = await tenant.patch(configOf("Vault", "reaching", { auth: vaultAuth(team) }));
      t.equal(status, 200, "the tenant names its own namespace");
      await until(
        () => heard().length > 0,
        () => "the backend is not asked then",
      );
      t.notOk(heard().includes(token), "the token of the other namespace never came");
      for (const name of names.slice(0, 2)) {
        await eventOf(new RegExp(`^UpdateFailed ${name} .*refers to a Secret of namespace "${victim}"`));
      }
    });

    await t.test("a SecretStore's configuration is in its own namespace, rule or no rule", async (t) => {
      const store = {
        apiVersion: v1,
        kind: "SecretStore",
        metadata: { name: "foreign" },
        spec: { providerRef: { ...configRef("Fake"), name: "main", namespace: victim } },
      };
      t.equal((await tenant.create(store)).status, 422, "the CRD's rule refuses it");
      await withoutRules(world, "secretstores");
      await until(
        async () => (await tenant.create(store)).status === 201,
        () => "it is refused without the rule too",
      );
      await written(t, named("by-foreign", { secretStoreRef: { name: "foreign" } }));
      await world.comes(team, "secretstore/foreign", { status: "False" });
      await eventOf(/ foreign x\d+: .*may only use configuration of its own namespace/);
      await world.comes(team, "externalsecret/by-foreign", { status: "False" });
      t.equal(await world.secret(team, "by-foreign"), undefined);
    });

    await t.test("a certificate of the cluster is not core's", async (t) => {
      const client = { host: system.ip, port: grpcPort, serverName: addressOf("fake").split(":")[0] ?? "" };
      const caPem = (await world.secretOnce(team, certificate)).data.get("ca.crt") ?? "";
      t.equal((await describeThroughOpenssl(t, { ...client, caPem, pair: own })).status, undefined);
      for (const namespace of [systemNamespace, providerNamespace]) {
        const { status } = await tenant.request("GET", `/api/v1/namespaces/${namespace}/secrets`);
        t.equal(status, 403, "and those of others it cannot read");
      }
    });
  });
});

const v1 = "external-secrets.io/v1";
const alpha = "external-secrets.io/v1alpha1";

/** A labelled Service without selector, for which EndpointSlices are written by hand. */
function serviceOf(name: string, { serves = "" } = {}): Manifest {
  const labels = { "external-secrets.io/provider": "true" };
  const metadata = { name, labels, annotations: { "external-secrets.io/serves": serves } };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { ports: [{ name: "grpc", port: grpcPort }] } };
}

function sliceMetadata(service: string, name = `${service}-by-hand`) {
  return { name, labels: { "kubernetes.io/service-name": service } };
}

/** An EndpointSlice of a Service whose one endpoint says that it is a Pod of `pods`; of none when not given. */
function sliceOf(service: string, ip: string, pods?: string): Manifest {
  const targetRef = pods === undefined ? {} : { targetRef: { kind: "Pod", namespace: pods, name: `${service}-0` } };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: sliceMetadata(service),
    addressType: "IPv4",
    ports: [{ name: "grpc", port: grpcPort, protocol: "TCP" }],
    endpoints: [{ addresses: [ip], conditions: { ready: true, serving: true, terminating: false }, ...targetRef }],
  };
}

function storeOf(name: string, provider: object, more: object = {}): Manifest {
  return { apiVersion: v1, kind: "SecretStore", metadata: { name }, spec: { provider, ...more } };
}

function configRef(kind: "Fake" | "Vault") {
  return { apiVersion: "provider.external-secrets.io/v2alpha1", kind };
}

function configOf(kind: "Fake" | "Vault", name: string, spec: object): Manifest {
  return { ...configRef(kind), metadata: { name }, spec };
}

function providerOf(name: string, address: string, ref: { readonly kind: "Fake" | "Vault"; readonly name: string }) {
  const providerRef = { ...configRef(ref.kind), name: ref.name };
  return { apiVersion: alpha, kind: "Provider", metadata: { name }, spec: { address, providerRef } };
}

function named(name: string, more: object): Manifest {
  return externalSecretOf("k", more, { name }) as Manifest;
}

function vaultAuth(namespace?: string) {
  return { tokenSecretRef: { name: "token", key: "token", ...(namespace !== undefined && { namespace }) } };
}

/** A store's `provider`; nothing listens where its Vault should be. */
function vaultSpec() {
  return { vault: { server: `http://${backendIp}:8201`, path: "secret", auth: vaultAuth() } };
}

/** An IPv4 address as the one hexadecimal number that resolvers take for it too: nothing in it looks like an address. */
function hexadecimal(ip: string): string {
  return `0x${Buffer.from(ip.split(".").map(Number)).toString("hex")}`;
}

/** The message of an object's Ready condition, once it is as `wanted`. */
async function messageOf(
  world: DiscoveryWorld,
  namespace: string,
  path: string,
  wanted: (message: string) => boolean,
): Promise<string> {
  let message = "";
  await until(
    async () => wanted(({ message } = await world.comes(namespace, path, {})).message),
    () => `${path} still says: ${message}`,
  );
  return message;
}

/** The pair that a namespace's labelled Services have, which whoever may read Secrets there can take. */
async function pairOf(world: DiscoveryWorld, namespace: string): Promise<KeyPair> {
  const { data } = await world.secretOnce(namespace, certificate);
  return { certPem: data.get("tls.crt") ?? "", keyPem: data.get("tls.key") ?? "" };
}

/** How many reads a provider's process has answered well. */
async function reads({ ask }: Pick<ProviderProcess, "ask">): Promise<number> {
  return sumOf(await ask("/metrics"), "grpc_server_requests_total", 'method="Read"', 'code="OK"');
}

/** What listens at {@link backend}: a Vault of a tenant's, which refuses all; the tokens that it was sent. */
async function startBackend(t: Test): Promise<() => readonly string[]> {
  const tokens: string[] = [];
  const server = createServer(({ headers }, answer) => {
    tokens.push(String(headers["x-vault-token"]));
    answer.writeHead(403).end('{"errors":["permission denied"]}');
  });
  server.listen(backendPort, backendIp);
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return () => tokens;
}

/** Takes the rules of providerRef out of a kind's CRD, as one that was applied by somebody else may lack them. */
async function withoutRules({ api }: DiscoveryWorld, plural: string): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.external-secrets.io`;
  const { body } = await api.request("GET", path);
  const lacking = JSON.parse(JSON.stringify(body), (key, value: unknown) =>
    key === "providerRef" && typeof value === "object" ? { ...value, "x-kubernetes-validations": [] } : value,
  ) as object;
  const { status } = await api.request("PUT", path, lacking);
  if (status !== 200) throw new Error(`${plural}: ${status}`);
}
