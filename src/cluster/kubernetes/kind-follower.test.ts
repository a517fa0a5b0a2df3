import { setTimeout as sleep } from "node:timers/promises";
import pino from "pino";
import { test, type Test } from "tap";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { eventually, refused, signal, type Manifest } from "../../../test/cluster-contract/world.ts";
import { configDefinition, type ConfigDefinition } from "../../../test/config-definition.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";
import { providerConfigMark } from "../../api/provider-labels.ts";
import { secretStore } from "../../api/kinds/secret-store.ts";
import type { Change } from "../cluster.ts";
import type { KubernetesClusterOptions } from "./kubernetes-cluster.ts";

test("kinds that are followed, before a real API server", { skip: apiServerMissing() }, async (t) => {
  const api = await startApiServer({ prepare: applyCrds });
  t.teardown(() => api.stop());
  const admin = await clusterAdmin(api);
  let groups = 0;
  const newGroup = () => `group-${groups++}.example.com`;
  const define = async (definition: ConfigDefinition) => {
    const manifest = configDefinition(definition);
    await api.kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify(manifest));
    await api.kubectl(["wait", "--for=condition=Established", "--timeout=30s", `crd/${manifest.metadata.name}`]);
    return manifest.metadata.name;
  };
  /** Until the API server serves a new kind, a moment after it says so. */
  const create = async (manifest: Manifest) => {
    for (let tries = 0; ; tries++) {
      const failure = await admin.create(manifest).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error("unexpected", { cause: error })),
      );
      if (failure === undefined) return;
      if (tries === 100 || !failure.message.includes(" 404 ")) throw failure;
      await sleep(100);
    }
  };
  const config = (group: string, name = "main", version = "v1"): Manifest => ({
    apiVersion: `${group}/${version}`,
    kind: "Acme",
    metadata: { namespace: "default", name },
    spec: { url: "https://acme" },
  });
  const key = { namespace: "default", name: "main" };

  async function world(t: Test, more: Partial<KubernetesClusterOptions> = {}, kubeconfig = api.adminKubeconfig) {
    const logged: Readonly<Record<string, unknown>>[] = [];
    const logger = pino({ level: "info" }, { write: (line: string) => void logged.push(JSON.parse(line)) });
    const cluster = await kubernetesCluster(kubeconfig, { logger, ...more });
    t.teardown(() => cluster.stop());
    const heard: Change[] = [];
    cluster.watch((change) => heard.push(change));
    const hasHeard = (kind: string, name: string) =>
      heard.some((change) => change.kind === kind && change.key.name === name);
    return { cluster, logged, heard, hasHeard };
  }

  await t.test("one comes with its definition, and is read, written and told of as any other", async (t) => {
    const { cluster, heard, hasHeard } = await world(t);
    await cluster.synced;
    const group = newGroup();
    const id = `Acme.${group}`;
    t.equal(cluster.followedKind(id), undefined);
    const annotations = { [providerConfigMark]: '{"key":"acme"}' };
    const name = await define({ group, kind: "Acme", versions: ["v1alpha1", "v1"], annotations });
    const kind = await eventually(() => cluster.followedKind(id), "the kind is followed");
    t.match(kind, {
      apiVersion: `${group}/v1`,
      group,
      kind: "Acme",
      namespaced: true,
      plural: "acmes",
      servedVersions: ["v1alpha1", "v1"],
      hasStatus: true,
      annotations,
    });
    t.ok(cluster.followedKinds().includes(kind));
    t.ok(hasHeard("CustomResourceDefinition", name), "its coming is told");

    await create(config(group));
    const object = await eventually(() => cluster.get(kind, key), "the object is in the view");
    t.match(object, { apiVersion: `${group}/v1`, kind: "Acme", spec: { url: "https://acme" } });
    t.ok(hasHeard(id, "main"), "told under the kind's name with its group");
    t.notOk(
      heard.some((change) => change.kind === "Acme"),
      "and under no other",
    );
    t.equal(cluster.get({ ...kind, apiVersion: `${group}/v1alpha1` }, key), object, "the group counts");
    t.equal(cluster.get({ ...kind, apiVersion: "other.example.com/v1" }, key), undefined);
    t.strictSame(cluster.list(kind, "default"), [object]);

    const status = { conditions: [{ type: "Ready", status: "True" }] };
    const written = await cluster.updateStatus(kind, key, object.metadata.resourceVersion, status, signal);
    t.strictSame(written.status, status);
    t.strictSame(cluster.get(kind, key), written, "the write is in the view");
    cluster.event(kind, key, { type: "Normal", reason: "Valid", message: "config validated" });
    await cluster.stop();
    const events = await api.request("GET", "/api/v1/namespaces/default/events");
    const { uid } = object.metadata;
    t.match((events.body as { readonly items: readonly object[] }).items, [
      { involvedObject: { apiVersion: `${group}/v1`, kind: "Acme", name: "main", uid }, reason: "Valid" },
    ]);
  });

  await t.test("those that are there are in sync from the first moment on", async (t) => {
    const group = newGroup();
    await define({ group, kind: "Acme" });
    await create(config(group));
    const { cluster } = await world(t);
    await cluster.synced;
    const kind = cluster.followedKind(`Acme.${group}`);
    t.ok(kind !== undefined && cluster.get(kind, key));
  });

  await t.test("without the label, for the cluster, or for a kind that is read anyway there is none", async (t) => {
    const [plain, wide, last] = [newGroup(), newGroup(), newGroup()];
    const { cluster, logged } = await world(t);
    await cluster.synced;
    await define({ group: plain, kind: "Acme", labels: { [providerConfigMark]: "false" } });
    const ofCluster = await define({ group: wide, kind: "Acme", scope: "Cluster" });
    const own = "secretstores.external-secrets.io";
    await api.kubectl(["label", "crd", own, `${providerConfigMark}=true`]);
    await define({ group: last, kind: "Acme" });
    await eventually(() => cluster.followedKind(`Acme.${last}`), "the last is followed");
    for (const group of [plain, wide]) t.equal(cluster.followedKind(`Acme.${group}`), undefined);
    t.notOk(cluster.followedKinds().some((kind) => kind.kind === secretStore.kind));
    for (const definition of [ofCluster, own]) {
      const lines = logged.filter((line) => line["definition"] === definition);
      t.match(lines, [{ msg: "is not followed", reason: String }], `${definition}: a line says why`);
    }
    await api.kubectl(["label", "crd", own, `${providerConfigMark}-`]);
  });

  await t.test("a kind called Secret of somebody's group is not Kubernetes'", async (t) => {
    const { cluster, heard } = await world(t);
    await cluster.synced;
    const group = newGroup();
    await define({ group, kind: "Secret" });
    const kind = await eventually(() => cluster.followedKind(`Secret.${group}`), "the kind is followed");
    await create({ apiVersion: `${group}/v1`, kind: "Secret", metadata: { namespace: "default", name: "mine" } });
    const mine = { namespace: "default", name: "mine" };
    await eventually(() => cluster.get(kind, mine), "the object is in the view");
    t.equal(cluster.secret(mine), undefined);
    t.equal(cluster.referencedVersion("Secret", mine), undefined);
    t.notOk(heard.some((change) => change.kind === "Secret" && change.key.name === "mine"));
  });

  await t.test("another storage version is read, and no object is missed meanwhile", async (t) => {
    const group = newGroup();
    const versions = ["v1alpha1", "v1"];
    const name = await define({ group, kind: "Acme", versions, stored: "v1alpha1" });
    await create(config(group));
    const { cluster, hasHeard } = await world(t);
    await cluster.synced;
    const look = () => {
      const kind = cluster.followedKind(`Acme.${group}`);
      return { kind, object: kind && cluster.get(kind, key) };
    };
    t.equal(look().object?.apiVersion, `${group}/v1alpha1`);
    const without: unknown[] = [];
    cluster.watch(() => {
      if (look().object?.apiVersion !== look().kind?.apiVersion) without.push(look());
    });
    await define({ group, kind: "Acme", versions, stored: "v1" });
    await eventually(() => look().object?.apiVersion === `${group}/v1`, "the new one is read");
    t.ok(hasHeard(`Acme.${group}`, "main") && hasHeard("CustomResourceDefinition", name));
    t.strictSame(without, []);
    await api.kubectl(["annotate", "crd", name, "a=b"]);
    await eventually(() => look().kind?.annotations["a"] === "b", "a new annotation is seen");
    t.ok(look().object);
  });

  await t.test("it goes with its label or its definition, and its objects with it", async (t) => {
    const goings: readonly (readonly [what: string, go: (name: string) => readonly string[]])[] = [
      ["label", (name) => ["label", "crd", name, `${providerConfigMark}-`]],
      ["definition", (name) => ["delete", "crd", name]],
    ];
    for (const [what, go] of goings) {
      const group = newGroup();
      const name = await define({ group, kind: "Acme" });
      await create(config(group));
      const { cluster, heard, hasHeard } = await world(t);
      await cluster.synced;
      const kind = cluster.followedKind(`Acme.${group}`);
      t.ok(kind !== undefined && cluster.get(kind, key));
      heard.length = 0;
      await api.kubectl(go(name));
      await eventually(() => cluster.followedKind(`Acme.${group}`) === undefined, `it went with its ${what}`);
      t.equal(kind && cluster.get(kind, key), undefined);
      await eventually(() => hasHeard(`Acme.${group}`, "main"), "the object's end is told");
      await eventually(() => hasHeard("CustomResourceDefinition", name), "the kind's end is told");
      const write = async () => kind && cluster.updateStatus(kind, key, "1", {}, signal);
      await refused(t, write(), "NotFound", "nothing is written any more");
    }
  });

  await t.test("one that it may not list holds up nothing, is named, and comes once it may", async (t) => {
    const [open, closed] = [newGroup(), newGroup()];
    for (const group of [open, closed]) await define({ group, kind: "Acme" });
    const verbs = ["list", "watch"];
    const core = { apiGroups: [""], resources: ["secrets", "configmaps", "serviceaccounts", "namespaces", "services"] };
    const definitions = { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs };
    const acmes = (group: string) => ({ apiGroups: [group], resources: ["acmes"], verbs });
    const grant = { rules: [{ ...core, verbs }, definitions, acmes(open)] };
    const { kubeconfig } = await api.serviceAccount("followers", "core", grant);
    const { cluster, logged } = await world(t, { kinds: [] }, kubeconfig);
    await cluster.synced;
    t.ok(cluster.followedKind(`Acme.${open}`), "the other is in sync");
    t.equal(cluster.followedKind(`Acme.${closed}`), undefined);
    await eventually(
      () => logged.some(({ objects, error }) => objects === `acmes.${closed}` && String(error).includes("403")),
      "it is named",
    );
    await api.serviceAccount("followers", "more", { rules: [acmes(closed)] });
    await api.kubectl([
      "create",
      "clusterrolebinding",
      "late",
      "--serviceaccount=followers:core",
      "--clusterrole=followers-more-0",
    ]);
    await eventually(() => cluster.followedKind(`Acme.${closed}`), "it is followed");
  });
});
