import { eventually, managedSecret, manager, refused, signal, textOf, type ContractCase } from "./world.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Data that the API refuses in a Secret, or takes. */
const dataRules: readonly {
  readonly name: string;
  readonly data: ReadonlyMap<string, Uint8Array>;
  readonly ok: boolean;
}[] = [
  { name: "all characters a key may have", data: new Map([["-._aZ9", bytes("x")]]), ok: true },
  { name: "no keys", data: new Map(), ok: true },
  { name: "an empty value", data: new Map([["a", bytes("")]]), ok: true },
  { name: "a key of 253 characters", data: new Map([["a".repeat(253), bytes("x")]]), ok: true },
  { name: "a key of 254 characters", data: new Map([["a".repeat(254), bytes("x")]]), ok: false },
  { name: "an empty key", data: new Map([["", bytes("x")]]), ok: false },
  { name: "a key with a slash", data: new Map([["../../x", bytes("x")]]), ok: false },
  { name: "a key of two dots", data: new Map([["..", bytes("x")]]), ok: false },
  { name: "a key that starts with two dots", data: new Map([["..a", bytes("x")]]), ok: false },
  { name: "a key with a newline", data: new Map([["a\n", bytes("x")]]), ok: false },
  {
    name: "values of 1 MiB together",
    data: new Map([
      ["a", new Uint8Array(2 ** 19)],
      ["b", new Uint8Array(2 ** 19)],
    ]),
    ok: true,
  },
  {
    name: "values of one byte more",
    data: new Map([
      ["a", new Uint8Array(2 ** 19)],
      ["b", new Uint8Array(2 ** 19 + 1)],
    ]),
    ok: false,
  },
];

/** Keys that a type asks for. */
const typeRules: readonly {
  readonly type: string;
  readonly keys: readonly (readonly [string, string])[];
  readonly ok: boolean;
}[] = [
  { type: "example.com/own", keys: [], ok: true },
  {
    type: "kubernetes.io/tls",
    keys: [
      ["tls.crt", ""],
      ["tls.key", ""],
    ],
    ok: true,
  },
  { type: "kubernetes.io/tls", keys: [["tls.crt", ""]], ok: false },
  { type: "kubernetes.io/basic-auth", keys: [["password", "x"]], ok: true },
  { type: "kubernetes.io/basic-auth", keys: [["other", "x"]], ok: false },
  { type: "kubernetes.io/ssh-auth", keys: [["ssh-privatekey", "x"]], ok: true },
  { type: "kubernetes.io/ssh-auth", keys: [], ok: false },
  { type: "kubernetes.io/dockerconfigjson", keys: [[".dockerconfigjson", "{}"]], ok: true },
  { type: "kubernetes.io/dockerconfigjson", keys: [[".dockerconfigjson", "{"]], ok: false },
  { type: "kubernetes.io/dockercfg", keys: [], ok: false },
];

/** Metadata that the API refuses. */
const metadataRules = [
  { name: "a name in capitals", more: { name: "App" } },
  { name: "a label's value with a space", more: { labels: { team: "a b" } } },
  { name: "a label's value of 64 characters", more: { labels: { team: "a".repeat(64) } } },
  { name: "a label's key with two slashes", more: { labels: { "a/b/c": "d" } } },
  { name: "an annotation's key with a space", more: { annotations: { "a b": "c" } } },
  { name: "annotations of more than 256 KiB", more: { annotations: { a: "x".repeat(2 ** 18) } } },
];

/** Writing Secrets. */
export const secretCases: readonly ContractCase[] = [
  {
    name: "a created Secret is read at once, with the type's default",
    run: async (t, { cluster }, namespace) => {
      const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
      t.equal(created.type, "Opaque");
      t.equal(created.immutable, false);
      t.equal(textOf(created, "password"), "first");
      t.same(cluster.secret({ namespace, name: "app" }), created);
    },
  },
  {
    name: "what a caller changes in its own map afterwards is not written",
    run: async (t, { cluster }, namespace) => {
      const value = bytes("first");
      await cluster.createSecret(managedSecret(namespace, { data: new Map([["a", value]]) }), manager, signal);
      value.fill(0);
      t.equal(textOf(cluster.secret({ namespace, name: "app" }), "a"), "first");
    },
  },
  {
    name: "a second Secret of one name is AlreadyExists",
    run: async (t, { cluster }, namespace) => {
      await cluster.createSecret(managedSecret(namespace), manager, signal);
      await refused(t, cluster.createSecret(managedSecret(namespace), manager, signal), "AlreadyExists", "second");
    },
  },
  {
    name: "an update replaces labels, annotations and data",
    run: async (t, { cluster }, namespace) => {
      const labels = managedSecret(namespace).labels;
      const first = managedSecret(namespace, { labels: { ...labels, old: "x" }, annotations: { old: "x" } });
      const created = await cluster.createSecret(first, manager, signal);
      const next = managedSecret(namespace, {
        annotations: { fresh: "y" },
        data: new Map([["token", bytes("second")]]),
      });
      const updated = await cluster.updateSecret(next, created.metadata.resourceVersion, manager, signal);
      t.not(updated.metadata.resourceVersion, created.metadata.resourceVersion);
      t.equal(updated.metadata.uid, created.metadata.uid);
      t.same(updated.metadata.labels, labels);
      t.same(updated.metadata.annotations, { fresh: "y" });
      t.same([...(updated.data?.keys() ?? [])], ["token"]);
      t.same(cluster.secret({ namespace, name: "app" }), updated);
    },
  },
  {
    name: "an update of an old resourceVersion is a Conflict, of no Secret NotFound",
    run: async (t, { cluster }, namespace) => {
      const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
      const old = created.metadata.resourceVersion;
      await cluster.updateSecret(managedSecret(namespace, { annotations: { a: "b" } }), old, manager, signal);
      await refused(t, cluster.updateSecret(managedSecret(namespace), old, manager, signal), "Conflict", "old");
      const missing = managedSecret(namespace, { name: "missing" });
      await refused(t, cluster.updateSecret(missing, old, manager, signal), "NotFound", "missing");
    },
  },
  {
    name: "writing the Secret that is there does not change resourceVersion",
    run: async (t, { cluster }, namespace) => {
      const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
      const version = created.metadata.resourceVersion;
      const again = await cluster.updateSecret(managedSecret(namespace), version, manager, signal);
      t.same(again, created);
    },
  },
  {
    name: "a Secret's type cannot be changed",
    run: async (t, { cluster }, namespace) => {
      const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
      const next = managedSecret(namespace, { type: "example.com/other" });
      await refused(
        t,
        cluster.updateSecret(next, created.metadata.resourceVersion, manager, signal),
        "Invalid",
        "type",
      );
    },
  },
  {
    name: "an immutable Secret takes other metadata, and no other data nor an end of immutability",
    run: async (t, { cluster }, namespace) => {
      const first = await cluster.createSecret(managedSecret(namespace, { immutable: true }), manager, signal);
      const write = (more: Parameters<typeof managedSecret>[1], version: string) =>
        cluster.updateSecret(managedSecret(namespace, more), version, manager, signal);
      const second = await write({ immutable: true, annotations: { a: "b" } }, first.metadata.resourceVersion);
      const version = second.metadata.resourceVersion;
      await refused(t, write({ immutable: true, data: new Map() }, version), "Invalid", "data");
      await refused(t, write({ immutable: false }, version), "Invalid", "immutable");
      t.equal(textOf(cluster.secret({ namespace, name: "app" }), "password"), "first");
    },
  },
  ...dataRules.map(({ name, data, ok }): ContractCase => ({
    name: `a Secret with ${name} is ${ok ? "taken" : "Invalid"}`,
    run: async (t, { cluster }, namespace) => {
      const write = cluster.createSecret(managedSecret(namespace, { data }), manager, signal);
      if (ok) t.equal((await write).data?.size, data.size);
      else await refused(t, write, "Invalid", name);
    },
  })),
  ...typeRules.map(({ type, keys, ok }): ContractCase => ({
    name: `a Secret of type ${type} with ${keys.flat().join(" ") || "no keys"} is ${ok ? "taken" : "Invalid"}`,
    run: async (t, { cluster }, namespace) => {
      const data = new Map(keys.map(([key, value]) => [key, bytes(value)]));
      const write = cluster.createSecret(managedSecret(namespace, { type, data }), manager, signal);
      if (ok) t.equal((await write).type, type);
      else await refused(t, write, "Invalid", type);
    },
  })),
  ...metadataRules.map(({ name, more }): ContractCase => ({
    name: `a Secret with ${name} is Invalid`,
    run: async (t, { cluster }, namespace) => {
      await refused(t, cluster.createSecret(managedSecret(namespace, more), manager, signal), "Invalid", name);
    },
  })),
  {
    name: "a Secret is removed by its UID: another one is a Conflict, none NotFound",
    run: async (t, { cluster }, namespace) => {
      const key = { namespace, name: "app" };
      const { metadata } = await cluster.createSecret(managedSecret(namespace), manager, signal);
      const other = "00000000-0000-4000-8000-000000000000";
      await refused(t, cluster.removeSecret(key, other, signal), "Conflict", "another UID");
      await cluster.removeSecret(key, metadata.uid, signal);
      t.equal(cluster.secret(key), undefined);
      await refused(t, cluster.removeSecret(key, metadata.uid, signal), "NotFound", "gone");
    },
  },
  {
    name: "managedFields say who wrote which keys, labels and annotations",
    run: async (t, { cluster }, namespace) => {
      const both = new Map([
        ["mine", bytes("1")],
        ["theirs", bytes("1")],
      ]);
      const labels = { ...managedSecret(namespace).labels, team: "a" };
      const created = await cluster.createSecret(managedSecret(namespace, { data: both, labels }), manager, signal);
      const next = managedSecret(namespace, {
        labels,
        annotations: { note: "x" },
        data: new Map([...both, ["theirs", bytes("2")], ["added", bytes("3")]]),
      });
      const { metadata } = await cluster.updateSecret(next, created.metadata.resourceVersion, "other", signal);
      const fields = new Map(metadata.managedFields.map((entry) => [entry.manager, entry.fields]));
      t.same(fields.get(manager), {
        "f:data": { ".": {}, "f:mine": {} },
        "f:metadata": { "f:labels": { ".": {}, "f:reconcile.external-secrets.io/managed": {}, "f:team": {} } },
        "f:type": {},
      });
      t.same(fields.get("other"), {
        "f:data": { "f:added": {}, "f:theirs": {} },
        "f:metadata": { "f:annotations": { ".": {}, "f:note": {} } },
      });
    },
  },
  {
    name: "a key that goes is nobody's, and a manager of nothing is not listed",
    run: async (t, { cluster }, namespace) => {
      const created = await cluster.createSecret(managedSecret(namespace), manager, signal);
      const data = new Map([
        ["password", bytes("first")],
        ["extra", bytes("x")],
      ]);
      const more = managedSecret(namespace, { data });
      const second = await cluster.updateSecret(more, created.metadata.resourceVersion, "other", signal);
      t.same(second.metadata.managedFields.map((entry) => entry.manager).sort(), [manager, "other"].sort());
      const third = await cluster.updateSecret(
        managedSecret(namespace),
        second.metadata.resourceVersion,
        manager,
        signal,
      );
      t.same(
        third.metadata.managedFields.map((entry) => entry.manager),
        [manager],
      );
    },
  },
  {
    name: "a watch hears of Secrets",
    run: async (t, { cluster }, namespace) => {
      let heard = 0;
      const end = cluster.watch(({ kind, key }) => {
        if (kind === "Secret" && key.namespace === namespace) heard++;
      });
      const { metadata } = await cluster.createSecret(managedSecret(namespace), manager, signal);
      await eventually(() => heard > 0, "the creation is heard");
      heard = 0;
      await cluster.removeSecret({ namespace, name: "app" }, metadata.uid, signal);
      await eventually(() => heard > 0, "the removal is heard");
      end();
      t.pass("both were heard");
    },
  },
];
