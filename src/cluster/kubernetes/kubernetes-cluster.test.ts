import { test, type Test } from "tap";
import { startApiProxy } from "../../../test/api-proxy.ts";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import {
  eventually,
  externalSecretManifest,
  managedSecret,
  manager,
  refused,
  seen,
  signal,
} from "../../../test/cluster-contract/world.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { clusterSecretStore } from "../../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import { secretStore } from "../../api/kinds/secret-store.ts";
import type { KubernetesClusterOptions } from "./kubernetes-cluster.ts";

test("a cluster before a real API server", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer({ prepare: applyCrds });
  t.teardown(() => api.stop());
  const admin = await clusterAdmin(api);
  let namespaces = 0;

  async function makeNamespace(): Promise<string> {
    const name = `world-${namespaces++}`;
    await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return name;
  }
  async function world(t: Test, kubeconfig = api.adminKubeconfig, more: Partial<KubernetesClusterOptions> = {}) {
    const namespace = await makeNamespace();
    const cluster = await kubernetesCluster(kubeconfig, more);
    t.teardown(() => cluster.stop());
    return { namespace, cluster };
  }

  await t.test("more objects than fit on two pages are all read, foreign Secrets without data", async (t) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const namespace = await makeNamespace();
    const names = Array.from({ length: 1_100 }, (_, index) => `user-${index}`);
    await inParallel(names, (name) =>
      admin.create({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace, annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" } },
        stringData: { password: "planted-value" },
      }),
    );
    const { cluster } = await world(t, proxy.kubeconfig());
    await cluster.synced;
    t.equal(cluster.secrets(namespace, {}).length, 1_100);
    const held = names.map((name) => cluster.secret({ namespace, name }));
    t.ok(held.every((secret) => secret !== undefined && secret.data === undefined));
    t.same(
      held.flatMap((secret) => Object.keys(secret?.metadata.annotations ?? {})),
      [],
    );
    const asked = proxy.seen().filter(({ url }) => url.startsWith("/api/v1/secrets?"));
    const others = asked.filter(({ url }) => decodeURIComponent(url).includes("managed!=true"));
    t.equal(others.filter(({ url }) => url.includes("limit=500")).length, 3, "three pages");
    t.ok(
      others.every(({ accept }) => accept.includes("as=PartialObjectMetadata")),
      "never whole",
    );
    const whole = asked.filter(({ accept }) => accept === "application/json");
    t.ok(whole.length >= 1 && whole.every(({ url }) => decodeURIComponent(url).includes("managed=true")));
  });

  await t.test("a writer reads what it wrote, and no event of a watch brings back what was", async (t) => {
    const { namespace, cluster } = await world(t);
    await cluster.synced;
    const names = Array.from({ length: 20 }, (_, index) => `app-${index}`);
    for (const name of names) await admin.create(externalSecretManifest(namespace, { name }));
    const back: string[] = [];
    const last = new Map<string, number>();
    const end = cluster.watch(({ kind, key }) => {
      if (kind !== "ExternalSecret" || key.namespace !== namespace) return;
      const version = Number(cluster.get(externalSecret, key)?.metadata.resourceVersion);
      if (version < (last.get(key.name) ?? 0)) back.push(key.name);
      last.set(key.name, version);
    });
    await inParallel(names, async (name) => {
      let object = await seen(cluster, { namespace, name });
      for (let round = 0; round < 10; round++) {
        const { resourceVersion } = object.metadata;
        const status = { syncedResourceVersion: String(round) };
        object = await cluster.updateStatus(externalSecret, object.metadata, resourceVersion, status, signal);
        t.same(cluster.get(externalSecret, object.metadata)?.status, status);
      }
    });
    await admin.create(externalSecretManifest(namespace, { name: "after" }));
    await seen(cluster, { namespace, name: "after" });
    end();
    t.same(back, []);
    t.same(
      names.filter((name) => JSON.stringify(cluster.get(externalSecret, { namespace, name })?.status).includes('"9"')),
      names,
    );
  });

  await t.test("requests share connections", async (t) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const { namespace, cluster } = await world(t, proxy.kubeconfig());
    await cluster.synced;
    await cluster.createSecret(managedSecret(namespace), manager, signal);
    const before = { connections: proxy.connections(), requests: proxy.seen().length };
    const key = { namespace, name: "app" };
    await inParallel(Array.from({ length: 300 }), () => cluster.referencedKeys("Secret", key, [], signal));
    t.equal(proxy.seen().length - before.requests, 300);
    t.ok(proxy.connections() - before.connections <= 60, "a few for each of the twenty that ask at once");
  });

  await t.test("under Roles of two namespaces nothing else is asked for", async (t) => {
    const [mine, also, foreign] = [await makeNamespace(), await makeNamespace(), await makeNamespace()];
    const rules = [
      {
        apiGroups: ["", "external-secrets.io"],
        resources: ["secrets", "configmaps", "serviceaccounts", "services", "externalsecrets", "secretstores"],
        verbs: ["list", "watch"],
      },
    ];
    const grants = [mine, also].map((namespace) => ({ namespace, rules }));
    const { kubeconfig } = await api.serviceAccount(mine, "core", ...grants, { rules: definitions });
    for (const namespace of [mine, also, foreign]) await admin.create(externalSecretManifest(namespace));
    const { cluster } = await world(t, kubeconfig, {
      kinds: [externalSecret, secretStore],
      namespaces: [mine, also],
      systemNamespace: mine,
    });
    await cluster.synced;
    const held = cluster.list(externalSecret).map(({ metadata }) => metadata.namespace);
    t.same(held.sort(), [mine, also].sort());
    await admin.delete(externalSecret, { namespace: also, name: "app" });
    await eventually(() => cluster.list(externalSecret).length === 1, "the deletion is seen");
    t.ok(cluster.get(externalSecret, { namespace: mine, name: "app" }), "and nothing else went with it");
    t.equal(cluster.get(clusterSecretStore, { namespace: "", name: "any" }), undefined, "a kind that is not watched");
  });

  await t.test("what it may not list is named, and listed once it may", async (t) => {
    const namespace = await makeNamespace();
    const resources = ["secrets", "configmaps", "serviceaccounts", "services", "secretstores"];
    const rule = { apiGroups: ["", "external-secrets.io"], verbs: ["list", "watch"] };
    const { kubeconfig, username } = await api.serviceAccount(
      namespace,
      "core",
      { namespace, rules: [{ ...rule, resources }] },
      { rules: definitions },
    );
    const { cluster } = await world(t, kubeconfig, {
      kinds: [externalSecret, secretStore],
      namespaces: [namespace],
      systemNamespace: namespace,
    });
    const awaited = () => cluster.awaited();
    await eventually(() => awaited().length === 1 && awaited()[0]?.includes("403"), "one is not listed");
    t.match(
      awaited()[0],
      `externalsecrets of ${namespace}: list externalsecrets of ${namespace}: 403: externalsecrets`,
    );
    t.match(awaited()[0], username);
    await api.serviceAccount(namespace, "more", { namespace, rules: [{ ...rule, resources: ["externalsecrets"] }] });
    await api.kubectl(
      ["create", "-f", "-"],
      JSON.stringify({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "late", namespace },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: `${namespace}-more-0` },
        subjects: [{ kind: "ServiceAccount", namespace, name: "core" }],
      }),
    );
    await cluster.synced;
    t.same(awaited(), []);
  });

  await t.test("events are Kubernetes', and equal ones are one with a count", async (t) => {
    const { namespace, cluster } = await world(t);
    await cluster.synced;
    await admin.create(externalSecretManifest(namespace));
    const { metadata } = await seen(cluster, { namespace, name: "app" });
    const failed = { type: "Warning", reason: "UpdateFailed", message: "no" } as const;
    cluster.event(externalSecret, metadata, { type: "Normal", reason: "Created", message: "secret created" });
    for (let round = 0; round < 3; round++) cluster.event(externalSecret, metadata, failed);
    cluster.event(clusterSecretStore, { namespace: "", name: "main" }, failed);
    await cluster.stop();
    const events = async (namespace: string, name: string) => {
      const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name=${name}`;
      const { items } = (await api.request("GET", path)).body as { readonly items: readonly object[] };
      return items;
    };
    const involvedObject = { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", name: "app", namespace };
    const byReason = [...(await events(namespace, "app"))].sort((a, b) =>
      JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
    );
    t.equal(byReason.length, 2);
    const source = { component: "external-secrets" };
    t.match(
      new Set(byReason),
      new Set([
        {
          involvedObject: { ...involvedObject, uid: metadata.uid },
          source,
          type: "Normal",
          reason: "Created",
          count: 1,
        },
        { involvedObject, source, ...failed, count: 3, reportingComponent: "external-secrets" },
      ]),
    );
    t.match(await events("default", "main"), [{ involvedObject: { kind: "ClusterSecretStore" }, ...failed, count: 1 }]);
  });

  await t.test("a token is the account's, for the audiences asked for, and says how long", async (t) => {
    const { namespace, cluster } = await world(t);
    const metadata = { namespace, name: "robot", annotations: { "example.com/role": "reader" } };
    await admin.create({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    const { token, expiresAt, serviceAccountUid, annotations } = await cluster.token(metadata, ["vault"], 600, signal);
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    t.match(claims, { aud: ["vault"], sub: `system:serviceaccount:${namespace}:robot`, exp: expiresAt / 1_000 });
    t.equal(serviceAccountUid, claims["kubernetes.io"].serviceaccount.uid);
    t.same([...annotations], [["example.com/role", "reader"]]);
    await refused(t, cluster.token({ namespace, name: "none" }, [], 600, signal), "NotFound", "no such account");
    const plain = await cluster.token(metadata, [], 600, signal);
    const { aud } = JSON.parse(Buffer.from(plain.token.split(".")[1] ?? "", "base64url").toString());
    t.same(aud, ["https://localhost"], "without audiences the API server's own");
  });

  await t.test("a Lease is made, renewed and given back, each only if nobody else was faster", async (t) => {
    const { namespace, cluster } = await world(t);
    const { leases } = cluster;
    const key = { namespace, name: "core" };
    const record = { holder: "a", durationSeconds: 15, acquiredAt: 1_000, renewedAt: 2_500, transitions: 0 };
    t.equal(await leases.get(key, signal), undefined);
    const first = await leases.create(key, record, signal);
    t.same(first.record, record);
    await refused(t, leases.create(key, record, signal), "AlreadyExists", "a second");
    const renewed = await leases.update(key, { ...record, renewedAt: 3_000 }, first.resourceVersion, signal);
    const late = leases.update(key, { ...record, holder: "b" }, first.resourceVersion, signal);
    await refused(t, late, "Conflict", "an old resourceVersion");
    await leases.update(key, { ...record, holder: "", durationSeconds: 1 }, renewed.resourceVersion, signal);
    t.match(await leases.get(key, signal), { record: { holder: "", durationSeconds: 1, transitions: 0 } });
  });
});

/** To see which kinds are followed, which is asked for the whole cluster. */
const definitions = [
  { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["list", "watch"] },
];

/** Twenty at a time. */
async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (const item of waiting) await work(item);
    }),
  );
}
