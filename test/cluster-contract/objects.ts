import { clusterSecretStore } from "../../src/api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../../src/api/kinds/external-secret.ts";
import type { Change } from "../../src/cluster/cluster.ts";
import type { KubeObject } from "../../src/cluster/objects.ts";
import {
  eventually,
  externalSecretManifest,
  managedSecret,
  manager,
  refused,
  seen,
  signal,
  type ContractCase,
} from "./world.ts";

const status = (message: string) => ({
  conditions: [{ type: "Ready", status: "True", reason: "SecretSynced", message }],
  syncedResourceVersion: "1-abc",
});

/** Objects of custom kinds, and what is common to all. */
export const objectCases: readonly ContractCase[] = [
  {
    name: "a created object has the server's metadata and the schema's defaults",
    run: async (t, { cluster, admin }, namespace) => {
      await admin.create(externalSecretManifest(namespace, { labels: { team: "a" } }));
      const { metadata, spec, status: none } = await seen(cluster, { namespace, name: "app" });
      t.match(metadata, { name: "app", namespace, generation: 1, labels: { team: "a" }, finalizers: [] });
      t.match(metadata.uid, /^[-0-9a-f]{36}$/);
      t.not(metadata.resourceVersion, "");
      t.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      t.equal(metadata.deletionTimestamp, undefined);
      t.match(spec, { refreshInterval: "1h0m0s", data: [{ secretKey: "password", remoteRef: { key: "key" } }] });
      t.equal(none, undefined);
    },
  },
  {
    name: "a changed spec raises generation, changed labels and annotations only resourceVersion",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      await admin.replace(externalSecretManifest(namespace, { labels: { a: "b" }, annotations: { c: "d" } }));
      const second = await eventually(() => isOther(cluster.get(externalSecret, key), first), "the change is seen");
      t.match(second.metadata, { generation: 1, uid: first.metadata.uid, labels: { a: "b" }, annotations: { c: "d" } });
      await admin.replace(externalSecretManifest(namespace, { labels: { a: "b" }, annotations: { c: "d" } }, "other"));
      const third = await eventually(() => isOther(cluster.get(externalSecret, key), second), "the change is seen");
      t.equal(third.metadata.generation, 2);
    },
  },
  {
    name: "a status write leaves spec and generation, a spec write leaves the status",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      const written = await cluster.updateStatus(externalSecret, key, version(first), status("one"), signal);
      t.not(version(written), version(first), "resourceVersion changes");
      t.equal(written.metadata.generation, 1);
      t.same(written.spec, first.spec);
      t.same(cluster.get(externalSecret, key), written, "the write is in the view when it returns");
      await admin.replace(externalSecretManifest(namespace, {}, "other"));
      const last = await eventually(() => isOther(cluster.get(externalSecret, key), written), "the change is seen");
      t.same(last.status, status("one"));
      t.equal(last.metadata.generation, 2);
    },
  },
  {
    name: "a status write of an old resourceVersion is a Conflict, of no object NotFound",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      await cluster.updateStatus(externalSecret, key, version(first), status("one"), signal);
      const stale = cluster.updateStatus(externalSecret, key, version(first), status("two"), signal);
      await refused(t, stale, "Conflict", "old");
      t.same(cluster.get(externalSecret, key)?.status, status("one"), "nothing was written");
      const missing = { namespace, name: "missing" };
      await refused(t, cluster.updateStatus(externalSecret, missing, "1", status("x"), signal), "NotFound", "missing");
    },
  },
  {
    name: "a status that breaks the schema is Invalid",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const bad = { conditions: [{ type: 1, status: "True" }] };
      const write = cluster.updateStatus(externalSecret, key, version(await seen(cluster, key)), bad, signal);
      await refused(t, write, "Invalid", "type is no string");
    },
  },
  {
    name: "writing the status that is there does not change resourceVersion",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      const second = await cluster.updateStatus(externalSecret, key, version(first), status("one"), signal);
      const third = await cluster.updateStatus(externalSecret, key, version(second), status("one"), signal);
      t.equal(version(third), version(second));
    },
  },
  {
    name: "an object with finalizers is deleted when the last of them goes, and takes no new ones until then",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace, { finalizers: ["example.com/one"] }));
      await seen(cluster, key);
      await admin.delete(externalSecret, key);
      const ending = await eventually(() => {
        const object = cluster.get(externalSecret, key);
        return object?.metadata.deletionTimestamp === undefined ? undefined : object;
      }, "the deletion is seen");
      t.match(ending.metadata.deletionTimestamp, /Z$/);
      const more = ["example.com/one", "example.com/two"];
      const adding = cluster.updateFinalizers(externalSecret, key, version(ending), more, signal);
      await refused(t, adding, "Invalid", "a new finalizer");
      await cluster.updateFinalizers(externalSecret, key, version(ending), [], signal);
      await eventually(() => cluster.get(externalSecret, key) === undefined, "the object is gone");
    },
  },
  {
    name: "finalizers are replaced under the resourceVersion and do not touch generation",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      const names = ["example.com/one"];
      const second = await cluster.updateFinalizers(externalSecret, key, version(first), names, signal);
      t.match(second.metadata, { finalizers: names, generation: 1 });
      t.same(cluster.get(externalSecret, key), second);
      await refused(t, cluster.updateFinalizers(externalSecret, key, version(first), [], signal), "Conflict", "old");
    },
  },
  {
    name: "an object that is created again has another uid",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      await admin.create(externalSecretManifest(namespace));
      const first = await seen(cluster, key);
      await admin.delete(externalSecret, key);
      await eventually(() => cluster.get(externalSecret, key) === undefined, "the object is gone");
      await admin.create(externalSecretManifest(namespace));
      t.not((await seen(cluster, key)).metadata.uid, first.metadata.uid);
    },
  },
  {
    name: "a list has the objects of the namespace that is asked for, or of all",
    run: async (t, { cluster, admin }, namespace) => {
      const other = `${namespace}-other`;
      await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: other } });
      await admin.create(externalSecretManifest(namespace, { name: "one" }));
      await admin.create(externalSecretManifest(namespace, { name: "two" }));
      await admin.create(externalSecretManifest(other, { name: "three" }));
      await eventually(() => cluster.list(externalSecret, namespace).length === 2, "both are listed");
      await seen(cluster, { namespace: other, name: "three" });
      t.same(namesOf(cluster.list(externalSecret, namespace)), ["one", "two"]);
      const mine = cluster.list(externalSecret).filter(({ metadata }) => metadata.namespace.startsWith(namespace));
      t.same(namesOf(mine), ["one", "three", "two"]);
      t.same(cluster.list(externalSecret, `${namespace}-empty`), []);
    },
  },
  {
    name: "an object of a kind without namespaces is read and written as others are",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace: "", name: `${namespace}-store` };
      const { apiVersion, kind } = clusterSecretStore;
      await admin.create({
        apiVersion,
        kind,
        metadata: { name: key.name },
        spec: { provider: { fake: { data: [] } } },
      });
      const first = await eventually(() => cluster.get(clusterSecretStore, key), "the store is seen");
      const ready = { conditions: [{ type: "Ready", status: "True" }] };
      const second = await cluster.updateStatus(clusterSecretStore, key, version(first), ready, signal);
      t.match(cluster.get(clusterSecretStore, key)?.status, ready);
      const names = ["example.com/one"];
      await cluster.updateFinalizers(clusterSecretStore, key, version(second), names, signal);
      const last = cluster.list(clusterSecretStore).find(({ metadata }) => metadata.name === key.name);
      t.match(last, { metadata: { namespace: "", finalizers: names }, status: ready });
    },
  },
  {
    name: "a watch hears of creation, status and deletion, after which the view has them, until it ends",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "app" };
      const heard: Change[] = [];
      const end = cluster.watch((change) => {
        if (change.kind === "ExternalSecret" && change.key.namespace === namespace) heard.push(change);
      });
      await admin.create(externalSecretManifest(namespace));
      await eventually(() => heard.length > 0, "the creation is heard");
      t.same(heard.at(-1), { kind: "ExternalSecret", key });
      const first = cluster.get(externalSecret, key);
      t.ok(first, "what is heard is in the view");
      heard.length = 0;
      await cluster.updateStatus(externalSecret, key, first?.metadata.resourceVersion ?? "", status("one"), signal);
      await eventually(() => heard.length > 0, "the status is heard");
      heard.length = 0;
      await admin.delete(externalSecret, key);
      await eventually(
        () => heard.length > 0 && cluster.get(externalSecret, key) === undefined,
        "the deletion is heard",
      );
      end();
      heard.length = 0;
      await admin.create(externalSecretManifest(namespace));
      await seen(cluster, key);
      t.same(heard, []);
    },
  },
  {
    name: "a namespace has its labels and Kubernetes' own with its name",
    run: async (t, { cluster, admin }, namespace) => {
      const name = `${namespace}-labelled`;
      await admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { team: "a" } } });
      const found = await eventually(() => cluster.namespace(name), "the namespace is seen");
      t.match(found, { name, labels: { team: "a", "kubernetes.io/metadata.name": name } });
      t.equal(cluster.namespace(`${namespace}-missing`), undefined);
    },
  },
  {
    name: "what is aborted before it starts writes nothing",
    run: async (t, { cluster }, namespace) => {
      const write = cluster.createSecret(managedSecret(namespace), manager, AbortSignal.abort());
      await t.rejects(write, { name: "AbortError" });
      t.equal(cluster.secret({ namespace, name: "app" }), undefined);
    },
  },
];

function version(object: KubeObject): string {
  return object.metadata.resourceVersion;
}

function isOther(object: KubeObject | undefined, before: KubeObject): KubeObject | undefined {
  return object === undefined || version(object) === version(before) ? undefined : object;
}

function namesOf(objects: readonly KubeObject[]): readonly string[] {
  return objects.map(({ metadata }) => metadata.name).sort();
}
