import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type Test } from "tap";
import { startApiProxy } from "../../../test/api-proxy.ts";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import {
  eventually,
  externalSecretManifest,
  managedSecret,
  manager,
  refused,
  signal,
  textOf,
  type ClusterAdmin,
} from "../../../test/cluster-contract/world.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { compact } from "../../../test/etcd.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import type { KubernetesClusterOptions } from "./kubernetes-cluster.ts";

/** One API server for all; a restart leaves what etcd has. */
test("what networks and API servers do", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer({ prepare: applyCrds });
  t.teardown(() => api.stop());
  const admin = await clusterAdmin(api);
  let namespaces = 0;

  /** A namespace of its own, and a cluster that reads through a proxy. */
  async function world(t: Test, more: Partial<KubernetesClusterOptions> = {}, user?: object) {
    const namespace = `fault-${namespaces++}`;
    await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const cluster = await kubernetesCluster(proxy.kubeconfig(user), more);
    t.teardown(() => cluster.stop());
    await cluster.synced;
    const remoteKey = (name: string) => {
      const spec = cluster.get(externalSecret, { namespace, name })?.spec ?? {};
      return /"key":"([^"]*)"/.exec(JSON.stringify(spec))?.[1];
    };
    return { namespace, proxy, cluster, remoteKey };
  }
  const listsOf = (seen: readonly { readonly url: string }[], plural: string) =>
    seen.filter(({ url }) => url.includes(`/${plural}?`) && !url.includes("watch=true")).length;

  await t.test("a watch that is cut while objects change misses nothing", async (t) => {
    const { namespace, proxy, cluster, remoteKey } = await world(t);
    for (const name of ["stays", "goes"]) await admin.create(externalSecretManifest(namespace, { name }));
    await eventually(() => cluster.list(externalSecret, namespace).length === 2, "both are seen");
    const lists = listsOf(proxy.seen(), "externalsecrets");
    for (const round of ["one", "two", "three"]) {
      proxy.cut();
      await admin.replace(externalSecretManifest(namespace, { name: "stays" }, round));
      await eventually(() => remoteKey("stays") === round, `the change of round ${round} is seen`);
    }
    proxy.cut();
    await admin.delete(externalSecret, { namespace, name: "goes" });
    await admin.create(externalSecretManifest(namespace, { name: "comes" }));
    await eventually(() => remoteKey("comes"), "the new one is seen");
    t.equal(remoteKey("goes"), undefined, "the deletion is seen");
    t.equal(listsOf(proxy.seen(), "externalsecrets"), lists, "the watch went on where it was, without a list");
  });

  await t.test("a connection on which nothing passes is given up", async (t) => {
    const { namespace, proxy, cluster, remoteKey } = await world(t, { stallTimeout: 1_000 });
    await admin.create(externalSecretManifest(namespace));
    await eventually(() => remoteKey("app"), "the object is seen");
    proxy.stall();
    await admin.replace(externalSecretManifest(namespace, {}, "changed"));
    await eventually(() => remoteKey("app") === "changed", "the change is seen");
    t.same(cluster.awaited(), []);
  });

  await t.test("an API server that restarts: writes say so, and the view catches up", async (t) => {
    const { namespace, cluster, remoteKey } = await world(t);
    await admin.create(externalSecretManifest(namespace));
    await eventually(() => remoteKey("app"), "the object is seen");
    await api.goDown();
    const write = cluster.createSecret(managedSecret(namespace), manager, signal);
    await refused(t, write, "Unavailable", "nobody is there");
    t.equal(remoteKey("app"), "key", "the view stays");
    await api.comeBack();
    await admin.replace(externalSecretManifest(namespace, {}, "changed"));
    await eventually(() => remoteKey("app") === "changed", "the change is seen");
    await cluster.createSecret(managedSecret(namespace), manager, signal);
    t.equal(textOf(cluster.secret({ namespace, name: "app" }), "password"), "first");
  });

  await t.test("what was deleted and changed in a history that is compacted away is seen", async (t) => {
    const { namespace, proxy, cluster, remoteKey } = await world(t);
    for (const name of ["stays", "goes"]) await admin.create(externalSecretManifest(namespace, { name }));
    const lost = await cluster.createSecret(managedSecret(namespace, { name: "lost" }), manager, signal);
    await eventually(() => cluster.list(externalSecret, namespace).length === 2, "both are seen");
    const lists = listsOf(proxy.seen(), "externalsecrets");
    proxy.rule(() => ({ status: 503 }));
    proxy.cut();
    await admin.delete(externalSecret, { namespace, name: "goes" });
    await deleteSecret(admin, namespace, "lost");
    await admin.replace(externalSecretManifest(namespace, { name: "stays" }, "changed"));
    await admin.create(externalSecretManifest(namespace, { name: "comes" }));
    await compact(api);
    // What the API server still has in memory goes with it.
    await api.restart();
    t.equal(remoteKey("stays"), "key", "nothing came through");
    proxy.rule(() => undefined);
    await eventually(() => remoteKey("comes"), "the new one is seen");
    t.equal(remoteKey("goes"), undefined);
    t.equal(remoteKey("stays"), "changed");
    await eventually(() => cluster.secret(lost.metadata) === undefined, "the deleted Secret is gone");
    t.ok(listsOf(proxy.seen(), "externalsecrets") > lists, "the watch could not go on: all was listed again");
  });

  await t.test("429 with Retry-After is waited for, also by writes", async (t) => {
    const { namespace, proxy, cluster } = await world(t);
    let refusals = 0;
    proxy.rule(({ method }) => {
      if (method !== "POST" || refusals === 2) return undefined;
      refusals += 1;
      return { status: 429, headers: { "retry-after": "1" } };
    });
    const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
    t.equal(refusals, 2);
    t.same(cluster.secret({ namespace, name: "app" }), created);
    proxy.rule(({ method }) => (method === "PUT" ? { status: 429, headers: { "retry-after": "600" } } : undefined));
    const update = cluster.updateSecret(
      managedSecret(namespace, { annotations: { a: "b" } }),
      created.metadata.resourceVersion,
      manager,
      AbortSignal.any([signal, AbortSignal.timeout(500)]),
    );
    await t.rejects(update, { name: "TimeoutError" }, "the caller's own deadline ends it");
  });

  await t.test("a read is tried again after 500, a write is not, and both end", async (t) => {
    const { namespace, proxy, cluster } = await world(t);
    await cluster.createSecret(managedSecret(namespace), manager, signal);
    let answers = 0;
    proxy.rule(({ url }) => (url.includes("/app") && answers++ < 2 ? { status: 500 } : undefined));
    const read = await cluster.referencedKeys("Secret", { namespace, name: "app" }, ["password"], signal);
    t.equal(Buffer.from(read.data.get("password") ?? []).toString(), "first");
    t.equal(answers, 3);
    answers = 0;
    proxy.rule(({ method }) => (method === "POST" && answers++ < 100 ? { status: 500 } : undefined));
    const write = cluster.createSecret(managedSecret(namespace, { name: "other" }), manager, signal);
    await refused(t, write, "Unavailable", "500");
    t.equal(answers, 1, "its fate is unknown: the caller looks again");
  });

  await t.test("a list that fails for a while says why, and then is read", async (t) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    proxy.rule(({ url }) => (url.includes("configmaps") ? { status: 500 } : undefined));
    const cluster = await kubernetesCluster(proxy.kubeconfig());
    t.teardown(() => cluster.stop());
    await eventually(() => cluster.awaited().length === 1 && /500/.test(cluster.awaited()[0] ?? ""), "one is awaited");
    t.match(cluster.awaited()[0], /^configmaps: list configmaps: 500/);
    proxy.rule(() => undefined);
    await cluster.synced;
    t.same(cluster.awaited(), []);
  });

  await t.test("a token that is no longer taken is read again from its file", async (t) => {
    const file = join(t.testdir({}), "token");
    const token = (name: string) => writeFileSync(file, name);
    const account = await api.serviceAccount("rotating", "core", { kind: "ClusterRole", name: "cluster-admin" });
    token(account.token);
    const { namespace, proxy, cluster, remoteKey } = await world(t, {}, { tokenFile: file });
    // The real server's 401: what it gets is not the old token, which it would take for ten seconds more.
    const isOld = (authorization: string) => authorization === `Bearer ${account.token}`;
    proxy.rule(({ authorization }) => (isOld(authorization) ? { authorization: "Bearer expired" } : undefined));
    const refusal = cluster.createSecret(managedSecret(namespace), manager, signal);
    await refused(t, refusal, "Unavailable", "the file has the old one still");
    token((await api.serviceAccount("rotating", "core")).token);
    await cluster.createSecret(managedSecret(namespace), manager, signal);
    proxy.cut();
    await admin.create(externalSecretManifest(namespace));
    await eventually(() => remoteKey("app"), "watches go on with the new one");
    t.equal(textOf(cluster.secret({ namespace, name: "app" }), "password"), "first");
  });
});

async function deleteSecret(admin: ClusterAdmin, namespace: string, name: string): Promise<void> {
  await admin.delete({ apiVersion: "v1", kind: "Secret", namespaced: true }, { namespace, name });
}
