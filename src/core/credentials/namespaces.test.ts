import t from "tap";
import type { FollowedKind } from "../../cluster/followed-kinds.ts";
import { coreStore, inlineReferences } from "../../../test/core-store.ts";
import type { Reference } from "../../api/references.ts";
import { referenceNamespace } from "./namespaces.ts";
import type { ConfigSource, CoreStore } from "../store.ts";
import { isReferent, referenceTable, storeReferences } from "./store-references.ts";

const secretStore = coreStore({
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  namespace: "team-a",
  name: "main",
  uid: "uid-1",
  generation: 1,
  spec: { provider: { vault: {} } },
});
const clusterStore = coreStore({ ...secretStore, kind: "ClusterSecretStore", namespace: "" });

const withSpec = (store: CoreStore, provider: Record<string, unknown>) => ({ ...store, spec: { provider } });

t.test("a reference is looked up where ESO looks", (t) => {
  const foreign = /namespace should either be empty or match the namespace of the SecretStore/;
  const cases: readonly [string, Parameters<typeof referenceNamespace>[0], string | RegExp][] = [
    ["SecretStore, none", { kind: "Secret", store: secretStore, callerNamespace: "team-a" }, "team-a"],
    [
      "SecretStore, foreign",
      { kind: "Secret", store: secretStore, callerNamespace: "team-a", namespace: "b" },
      "team-a",
    ],
    ["SecretStore, odd caller", { kind: "Secret", store: secretStore, callerNamespace: "b" }, "team-a"],
    [
      "SecretStore, account",
      { kind: "ServiceAccount", store: secretStore, callerNamespace: "", namespace: "b" },
      "team-a",
    ],
    ["SecretStore, CA", { kind: "CAProvider", store: secretStore, callerNamespace: "team-a" }, "team-a"],
    [
      "SecretStore, own CA",
      { kind: "CAProvider", store: secretStore, callerNamespace: "", namespace: "team-a" },
      "team-a",
    ],
    [
      "SecretStore, foreign CA",
      { kind: "CAProvider", store: secretStore, callerNamespace: "team-a", namespace: "b" },
      foreign,
    ],
    ["cluster, named", { kind: "Secret", store: clusterStore, callerNamespace: "c", namespace: "b" }, "b"],
    ["cluster, referent", { kind: "Secret", store: clusterStore, callerNamespace: "c" }, "c"],
    ["cluster, empty namespace", { kind: "ConfigMap", store: clusterStore, callerNamespace: "c", namespace: "" }, "c"],
    ["cluster, no caller", { kind: "Secret", store: clusterStore, callerNamespace: "" }, /set its namespace/],
    ["cluster, named, no caller", { kind: "Secret", store: clusterStore, callerNamespace: "", namespace: "b" }, "b"],
    ["cluster CA, named", { kind: "CAProvider", store: clusterStore, callerNamespace: "c", namespace: "b" }, "b"],
    [
      "cluster CA, unnamed",
      { kind: "CAProvider", store: clusterStore, callerNamespace: "c" },
      /missing namespace on caProvider/,
    ],
  ];
  for (const [name, question, expected] of cases) {
    if (typeof expected === "string") t.equal(referenceNamespace(question), expected, name);
    else t.throws(() => referenceNamespace(question), { code: "InvalidConfig", message: expected }, name);
  }
  t.end();
});

const config: ConfigSource = {
  apiVersion: "provider.external-secrets.io/v2alpha1",
  group: "provider.external-secrets.io",
  version: "v2alpha1",
  kind: "Vault",
  namespace: "platform",
  name: "main",
  scope: "ProviderNamespace",
};

t.test("what a config object refers to is in its own namespace, or in the caller's where the scope says so", (t) => {
  const foreign = /^Vault "main" refers to a \w+ of namespace "team-b"; a config object may only refer to its own/;
  const nobody = /nobody uses it here; set authenticationScope: ProviderNamespace/;
  const own = { ...coreStore(secretStore), config: { ...config, namespace: "team-a" } };
  const pinned = { ...clusterStore, config };
  const referent = { ...clusterStore, config: { ...config, scope: "ManifestNamespace" as const } };
  const table: readonly (readonly [
    what: string,
    question: Parameters<typeof referenceNamespace>[0],
    expected: string | RegExp,
  ])[] = [
    ["a namespaced store's", { kind: "Secret", store: own, callerNamespace: "team-a" }, "team-a"],
    [
      "its own namespace by name",
      { kind: "Secret", store: own, callerNamespace: "team-a", namespace: "team-a" },
      "team-a",
    ],
    ["another namespace by name", { kind: "Secret", store: own, callerNamespace: "", namespace: "team-b" }, foreign],
    ["another namespace's CA", { kind: "CAProvider", store: own, callerNamespace: "", namespace: "team-b" }, foreign],
    ["a cluster store's", { kind: "Secret", store: pinned, callerNamespace: "team-a" }, "platform"],
    ["a cluster store's without a caller", { kind: "Secret", store: pinned, callerNamespace: "" }, "platform"],
    ["its CA", { kind: "CAProvider", store: pinned, callerNamespace: "team-a" }, "platform"],
    [
      "its caller's namespace by name",
      { kind: "Secret", store: pinned, callerNamespace: "team-b", namespace: "team-b" },
      foreign,
    ],
    ["its caller's under that scope", { kind: "Secret", store: referent, callerNamespace: "team-a" }, "team-a"],
    [
      "the caller's by name",
      { kind: "Secret", store: referent, callerNamespace: "team-a", namespace: "team-a" },
      "team-a",
    ],
    [
      "the config's by name",
      { kind: "Secret", store: referent, callerNamespace: "team-a", namespace: "platform" },
      "platform",
    ],
    [
      "a third one by name",
      { kind: "ServiceAccount", store: referent, callerNamespace: "team-a", namespace: "team-b" },
      foreign,
    ],
    ["a CA is the config's under any scope", { kind: "CAProvider", store: referent, callerNamespace: "a" }, "platform"],
    ["no caller", { kind: "Secret", store: referent, callerNamespace: "" }, nobody],
  ];
  for (const [what, question, expected] of table) {
    if (typeof expected === "string") t.equal(referenceNamespace(question), expected, what);
    else t.throws(() => referenceNamespace(question), { code: "InvalidConfig", message: expected }, what);
  }
  t.end();
});

t.test("the references of a config kind are those of its CustomResourceDefinition, never of the key", (t) => {
  const annotation = { key: "vault", references: [{ path: "/token", kind: "Secret" }] };
  const kind: FollowedKind = {
    apiVersion: config.apiVersion,
    kind: "Vault",
    namespaced: true,
    group: config.group,
    plural: "vaults",
    servedVersions: ["v2alpha1"],
    hasStatus: true,
    annotations: { "external-secrets.io/provider-config": JSON.stringify(annotation) },
  };
  const shipped = new Map<string, readonly Reference[]>([["vault", [{ path: "/shipped", kind: "Secret" }]]]);
  const served = (found: FollowedKind | undefined) =>
    referenceTable(shipped, {
      followedKind: (id) => (id === "Vault.provider.external-secrets.io" ? found : undefined),
    });
  const spec = { token: { name: "t", key: "k" }, shipped: { name: "s", key: "k" } };
  const inline = withSpec(clusterStore, { vault: spec });
  const pointers = (store: CoreStore, found: FollowedKind | undefined = kind) =>
    storeReferences(store, served(found)).map(({ pointer }) => pointer);
  t.strictSame(pointers(inline), ["/provider/vault/shipped"]);
  t.strictSame(pointers({ ...inline, config }), ["/provider/vault/token"]);
  t.strictSame(pointers({ ...inline, config: { ...config, group: "example.com" } }), [], "a kind that nobody knows");
  t.throws(() => pointers({ ...inline, config }, { ...kind, annotations: {} }), { code: "InvalidConfig" });

  t.equal(isReferent({ ...inline, config }, served(kind)), false, "they are the config's own");
  t.equal(isReferent({ ...inline, config: { ...config, scope: "ManifestNamespace" } }, served(kind)), true);
  t.end();
});

t.test("references of a store", (t) => {
  const references: readonly Reference[] = [
    { path: "/auth/tokenSecretRef", kind: "Secret" },
    { path: "/caProvider", kind: "CAProvider" },
  ];
  const table = inlineReferences(new Map([["vault", references]]));
  const named = { auth: { tokenSecretRef: { name: "t", key: "k", namespace: "n" } } };
  const unnamed = { auth: { tokenSecretRef: { name: "t", key: "k" } } };

  t.strictSame(
    storeReferences(withSpec(secretStore, { vault: named }), table).map(({ pointer }) => pointer),
    ["/provider/vault/auth/tokenSecretRef"],
    "pointers start at the spec's root",
  );
  t.strictSame(storeReferences(withSpec(secretStore, { other: named }), table), [], "an unknown key has none");
  for (const provider of [{}, { vault: null }, { vault: {}, aws: {} }]) {
    t.throws(() => storeReferences(withSpec(secretStore, provider), table), {
      message: /exactly one backend specified, found/,
    });
  }
  t.equal(isReferent(withSpec(clusterStore, { vault: unnamed }), table), true, "a selector without namespace");
  t.equal(isReferent(withSpec(clusterStore, { vault: named }), table), false, "a selector with one");
  t.equal(isReferent(withSpec(secretStore, { vault: unnamed }), table), false, "never a SecretStore");
  t.equal(
    isReferent(withSpec(clusterStore, { vault: { caProvider: { name: "ca" } } }), table),
    false,
    "never a caProvider",
  );
  t.end();
});
