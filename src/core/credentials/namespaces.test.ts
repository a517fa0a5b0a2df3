import t, { type Test } from "tap";
import { clusterVaultStore, vaultConfig, vaultStore } from "../../../test/core-store.ts";
import { referenceNamespace } from "./namespaces.ts";

const secretStore = vaultStore();
const clusterStore = clusterVaultStore();

/** The namespace that is expected, or what the refusal says. */
type Case = readonly [what: string, question: Parameters<typeof referenceNamespace>[0], expected: string | RegExp];

function checkNamespaces(t: Test, cases: readonly Case[]): void {
  for (const [what, question, expected] of cases) {
    if (typeof expected === "string") t.equal(referenceNamespace(question), expected, what);
    else t.throws(() => referenceNamespace(question), { code: "InvalidConfig", message: expected }, what);
  }
}

t.test("a reference is looked up where ESO looks", (t) => {
  const foreign = /namespace should either be empty or match the namespace of the SecretStore/;
  const cases: readonly Case[] = [
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
  checkNamespaces(t, cases);
  t.end();
});

t.test("what a config object refers to is in its own namespace, or in the caller's where the scope says so", (t) => {
  const foreign = /^Vault "main" refers to a \w+ of namespace "team-b"; a config object may only refer to its own/;
  const nobody = /nobody uses it here; set authenticationScope: ProviderNamespace/;
  const own = { ...secretStore, config: { ...vaultConfig, namespace: "team-a" } };
  const pinned = { ...clusterStore, config: vaultConfig };
  const referent = { ...clusterStore, config: { ...vaultConfig, scope: "ManifestNamespace" as const } };
  const cases: readonly Case[] = [
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
  checkNamespaces(t, cases);
  t.end();
});
