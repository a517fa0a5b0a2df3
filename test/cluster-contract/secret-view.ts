import { eventually, managedSecret, manager, refused, signal, textOf, type ContractCase } from "./world.ts";

const plain = (namespace: string) => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "user", namespace, labels: { team: "a" }, annotations: { note: "holds-data" } },
  stringData: { one: "1", two: "2" },
});

/** What controllers see of Secrets and ConfigMaps, and what they read of them. */
export const secretViewCases: readonly ContractCase[] = [
  {
    name: "a Secret that is not managed is seen without data and annotations",
    run: async (t, { cluster, admin }, namespace) => {
      await admin.create(plain(namespace));
      const seen = await eventually(() => cluster.secret({ namespace, name: "user" }), "the Secret is seen");
      t.equal(seen.data, undefined);
      t.same(seen.metadata.annotations, {});
      t.same(seen.metadata.labels, { team: "a" });
    },
  },
  {
    name: "a Secret that gains the managed label is seen whole, one that loses it without data",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "user" };
      const held = () => cluster.secret(key);
      await admin.create(plain(namespace));
      await eventually(held, "the Secret is seen");
      const { metadata } = plain(namespace);
      const labels = managedSecret(namespace).labels;
      await admin.replace({ ...plain(namespace), metadata: { ...metadata, labels } });
      await eventually(() => textOf(held(), "one") === "1", "it is seen whole");
      t.same(held()?.metadata.annotations, metadata.annotations);
      await admin.replace(plain(namespace));
      await eventually(() => held()?.data === undefined && held()?.metadata.labels["team"] === "a", "it is bare again");
      t.same(held()?.metadata.annotations, {});
    },
  },
  {
    name: "a Secret that becomes managed keeps its annotations and type, which the view did not have",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "user" };
      await admin.create({ ...plain(namespace), type: "example.com/own" });
      const { metadata } = await eventually(() => cluster.secret(key), "the Secret is seen");
      const write = managedSecret(namespace, { name: "user", annotations: { mine: "x" } });
      const updated = await cluster.updateSecret(write, metadata.resourceVersion, manager, signal);
      t.equal(updated.type, "example.com/own");
      t.same(updated.metadata.annotations, { note: "holds-data", mine: "x" });
      t.same([...(updated.data?.keys() ?? [])], ["password"], "its data is what was written");
      t.same(cluster.secret(key), updated);
      const stale = cluster.updateSecret(write, metadata.resourceVersion, manager, signal);
      await refused(t, stale, "Conflict", "an old resourceVersion");
    },
  },
  {
    name: "a Secret that is not managed is removed by its UID",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "user" };
      await admin.create(plain(namespace));
      const { metadata } = await eventually(() => cluster.secret(key), "the Secret is seen");
      await cluster.removeSecret(key, metadata.uid, signal);
      t.equal(cluster.secret(key), undefined);
    },
  },
  {
    name: "Secrets are found by all of the labels asked for, in one namespace",
    run: async (t, { cluster }, namespace) => {
      const { labels } = managedSecret(namespace);
      const create = (name: string, more: Readonly<Record<string, string>>) =>
        cluster.createSecret(managedSecret(namespace, { name, labels: { ...labels, ...more } }), manager, signal);
      await create("one", { owner: "x", team: "a" });
      await create("two", { owner: "x" });
      await create("three", { owner: "y", team: "a" });
      const names = (wanted: Readonly<Record<string, string>>) =>
        cluster
          .secrets(namespace, wanted)
          .map(({ metadata }) => metadata.name)
          .sort();
      t.same(names({ owner: "x" }), ["one", "two"]);
      t.same(names({ owner: "x", team: "a" }), ["one"]);
      t.same(names({ ...labels, owner: "y" }), ["three"]);
      t.same(names({ owner: "z" }), []);
      t.same(names({}).length >= 3, true, "no labels: all of the namespace");
      t.same(cluster.secrets(`${namespace}-other`, { owner: "x" }), []);
    },
  },
  {
    name: "labels that change are found as they are now",
    run: async (t, { cluster }, namespace) => {
      const { labels } = managedSecret(namespace);
      const first = await cluster.createSecret(
        managedSecret(namespace, { labels: { ...labels, owner: "x" } }),
        manager,
        signal,
      );
      const next = managedSecret(namespace, { labels: { ...labels, owner: "y" } });
      const second = await cluster.updateSecret(next, first.metadata.resourceVersion, manager, signal);
      t.same(cluster.secrets(namespace, { owner: "x" }), []);
      t.equal(cluster.secrets(namespace, { owner: "y" }).length, 1);
      await cluster.removeSecret({ namespace, name: "app" }, second.metadata.uid, signal);
      t.same(cluster.secrets(namespace, { owner: "y" }), []);
    },
  },
  {
    name: "a reference reads the keys it names of a Secret that is not managed",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "user" };
      await admin.create(plain(namespace));
      const read = await cluster.referencedKeys("Secret", key, ["one", "missing"], signal);
      t.same(
        Array.from(read.data, ([name, value]) => [name, Buffer.from(value).toString()]),
        [["one", "1"]],
      );
      const version = await eventually(() => cluster.referencedVersion("Secret", key), "the Secret is seen");
      t.same(version, { uid: read.uid, resourceVersion: read.resourceVersion });
    },
  },
  {
    name: "a reference reads text and bytes of a ConfigMap",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "config" };
      await admin.create({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "config", namespace },
        data: { text: "é" },
        binaryData: { bytes: "/wA=" },
      });
      const { data } = await cluster.referencedKeys("ConfigMap", key, ["text", "bytes"], signal);
      t.equal(Buffer.from(data.get("text") ?? []).toString(), "é");
      t.same([...(data.get("bytes") ?? [])], [255, 0]);
      t.ok(await eventually(() => cluster.referencedVersion("ConfigMap", key), "the ConfigMap is seen"));
    },
  },
  {
    name: "a referenced object's resourceVersion changes with its data",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "user" };
      await admin.create(plain(namespace));
      const first = await eventually(() => cluster.referencedVersion("Secret", key), "the Secret is seen");
      await admin.replace({ ...plain(namespace), stringData: { one: "changed" } });
      const second = await eventually(() => {
        const version = cluster.referencedVersion("Secret", key);
        return version?.resourceVersion === first.resourceVersion ? undefined : version;
      }, "the change is seen");
      t.equal(second.uid, first.uid);
      const { data } = await cluster.referencedKeys("Secret", key, ["one", "two"], signal);
      t.same(
        Array.from(data, ([name, value]) => [name, Buffer.from(value).toString()]),
        [["one", "changed"]],
      );
    },
  },
  {
    name: "a referenced ServiceAccount is seen, and a watch hears of it",
    run: async (t, { cluster, admin }, namespace) => {
      const key = { namespace, name: "robot" };
      let heard = 0;
      const end = cluster.watch((change) => {
        if (change.kind === "ServiceAccount" && change.key.namespace === namespace && change.key.name === "robot")
          heard++;
      });
      await admin.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: key });
      await eventually(() => heard > 0, "it is heard of");
      end();
      const version = cluster.referencedVersion("ServiceAccount", key);
      t.match(version?.uid, /^[-0-9a-f]{36}$/);
      t.not(version?.resourceVersion ?? "", "");
      t.equal(cluster.referencedVersion("ServiceAccount", { namespace, name: "missing" }), undefined);
    },
  },
  {
    name: "a reference to what does not exist is NotFound",
    run: async (t, { cluster }, namespace) => {
      const key = { namespace, name: "missing" };
      await refused(t, cluster.referencedKeys("Secret", key, ["a"], signal), "NotFound", "Secret");
      await refused(t, cluster.referencedKeys("ConfigMap", key, ["a"], signal), "NotFound", "ConfigMap");
      t.equal(cluster.referencedVersion("Secret", key), undefined);
    },
  },
];
