import { eventually, managedSecret, manager, refused, signal, type ContractCase } from "./world.ts";

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
    name: "a reference to what does not exist is NotFound",
    run: async (t, { cluster }, namespace) => {
      const key = { namespace, name: "missing" };
      await refused(t, cluster.referencedKeys("Secret", key, ["a"], signal), "NotFound", "Secret");
      await refused(t, cluster.referencedKeys("ConfigMap", key, ["a"], signal), "NotFound", "ConfigMap");
      t.equal(cluster.referencedVersion("Secret", key), undefined);
    },
  },
];
