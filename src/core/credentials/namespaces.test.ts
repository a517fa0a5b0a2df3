import t from "tap";
import type { Store } from "../../api/provider.ts";
import type { Reference } from "../../api/references.ts";
import { referenceNamespace } from "./namespaces.ts";
import { isReferent, storeReferences } from "./store-references.ts";

const secretStore: Store = {
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  namespace: "team-a",
  name: "main",
  uid: "uid-1",
  generation: 1,
  spec: { provider: { vault: {} } },
};
const clusterStore: Store = { ...secretStore, kind: "ClusterSecretStore", namespace: "" };

const withSpec = (store: Store, provider: Record<string, unknown>): Store => ({ ...store, spec: { provider } });

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

t.test("references of a store", (t) => {
  const table = new Map<string, readonly Reference[]>([
    [
      "vault",
      [
        { path: "/auth/tokenSecretRef", kind: "Secret" },
        { path: "/caProvider", kind: "CAProvider" },
      ],
    ],
  ]);
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
