import { test } from "tap";
import { vaultKind } from "../../test/config-kind.ts";
import { metadataOf } from "../../test/object-meta.ts";
import type { ObjectKey } from "../cluster/cluster.ts";
import type { Kind, KubeObject } from "../cluster/objects.ts";
import { getStore, type StoreFields, type StoreObject } from "./kinds.ts";
import { configNamespace, hasConfigOfCaller, routeOf, toStore, usableStore } from "./to-store.ts";

const group = "provider.external-secrets.io";
const vaultId = `Vault.${group}`;
const main = { apiVersion: `${group}/v2alpha1`, kind: "Vault", name: "main" };

/** A view of config objects, each with its namespace in its spec. */
function view(configs: readonly ObjectKey[], kind = vaultKind) {
  const found = (key: ObjectKey) =>
    configs.some(({ namespace, name }) => namespace === key.namespace && name === key.name);
  return {
    followedKind: (id: string) => (id === vaultId ? kind : undefined),
    get: ({ apiVersion, kind: name }: Kind, key: ObjectKey): KubeObject | undefined =>
      name === "Vault" && found(key)
        ? { apiVersion, kind: name, metadata: { ...metadataOf(key), uid: "of-config" }, spec: { from: key.namespace } }
        : undefined,
  };
}

function object(kind: string, namespace: string, spec: StoreFields): StoreObject {
  const apiVersion = kind.endsWith("Provider") ? "external-secrets.io/v1alpha1" : "external-secrets.io/v1";
  return { apiVersion, kind, metadata: { ...metadataOf({ namespace, name: "store" }), uid: "of-store" }, spec };
}

const cluster = view([
  { namespace: "team", name: "main" },
  { namespace: "platform", name: "main" },
]);

test("whatever a reference names, a provider sees a SecretStore or ClusterSecretStore with its UID and an inline spec", (t) => {
  const inline = { provider: { vault: { from: "here" } } };
  const pinned = { ...main, namespace: "platform" };
  const direct = getStore(cluster, { kind: vaultId, namespace: "team", name: "main" });
  const manifest = "ManifestNamespace";
  const table: readonly (readonly [
    what: string,
    object: StoreObject | undefined,
    expected: readonly [kind: string, namespace: string, uid: string, from: string],
    config: readonly [namespace: string, scope: string] | undefined,
  ])[] = [
    ["a SecretStore", object("SecretStore", "team", inline), ["SecretStore", "team", "of-store", "here"], undefined],
    [
      "a ClusterSecretStore",
      object("ClusterSecretStore", "", inline),
      ["ClusterSecretStore", "", "of-store", "here"],
      undefined,
    ],
    [
      "a SecretStore with a config object",
      object("SecretStore", "team", { providerRef: main }),
      ["SecretStore", "team", "of-store", "team"],
      ["team", "ProviderNamespace"],
    ],
    [
      "a ClusterSecretStore with a config object",
      object("ClusterSecretStore", "", { providerRef: pinned }),
      ["ClusterSecretStore", "", "of-store", "platform"],
      ["platform", "ProviderNamespace"],
    ],
    [
      "a ClusterSecretStore with its caller's",
      object("ClusterSecretStore", "", { providerRef: main }),
      ["ClusterSecretStore", "", "of-store", "team"],
      ["team", manifest],
    ],
    [
      "a Provider",
      object("Provider", "team", { providerRef: main }),
      ["SecretStore", "team", "of-store", "team"],
      ["team", "ProviderNamespace"],
    ],
    [
      "a ClusterProvider",
      object("ClusterProvider", "", { providerRef: pinned, authenticationScope: "ProviderNamespace" }),
      ["ClusterSecretStore", "", "of-store", "platform"],
      ["platform", "ProviderNamespace"],
    ],
    [
      "a ClusterProvider whose references are its caller's",
      object("ClusterProvider", "", { providerRef: pinned, authenticationScope: manifest }),
      ["ClusterSecretStore", "", "of-store", "platform"],
      ["platform", manifest],
    ],
    [
      "a ClusterProvider whose configuration is its caller's",
      object("ClusterProvider", "", { providerRef: main, authenticationScope: manifest }),
      ["ClusterSecretStore", "", "of-store", "team"],
      ["team", manifest],
    ],
    ["a config object itself", direct, ["SecretStore", "team", "of-config", "team"], ["team", "ProviderNamespace"]],
  ];
  for (const [what, given, [kind, namespace, uid, from], config] of table) {
    if (given === undefined) throw new Error(what);
    const store = toStore(cluster, given, "team");
    t.match(store, { apiVersion: "external-secrets.io/v1", kind, namespace, uid, callerNamespace: "team" }, what);
    t.strictSame(store.spec, { provider: { vault: { from } } }, what);
    t.strictSame(store.config && [store.config.namespace, store.config.scope], config, what);
    if (config !== undefined) t.match(store.config, { group, version: "v2alpha1", kind: "Vault", name: "main" }, what);
    t.match(store.ref, { namespace, name: given.metadata.name }, what);
  }
  t.equal(direct && toStore(cluster, direct, "team").ref.kind, vaultId, "its status is the config object's");
  t.end();
});

test("a config object that may not be used or cannot be had is refused, saying what to do", (t) => {
  const spec = (more: object) => ({ providerRef: { ...main, ...more } });
  const table: readonly (readonly [what: string, object: StoreObject, caller: string, message: RegExp])[] = [
    [
      "another namespace's, from a SecretStore",
      object("SecretStore", "team", spec({ namespace: "platform" })),
      "team",
      /^SecretStore "store" may only use configuration of its own namespace; remove spec\.providerRef\.namespace$/,
    ],
    [
      "another namespace's, from a Provider",
      object("Provider", "team", spec({ namespace: "platform" })),
      "team",
      /^Provider "store" may only use configuration of its own namespace/,
    ],
    [
      "a ClusterProvider's without a namespace",
      object("ClusterProvider", "", { ...spec({}), authenticationScope: "ProviderNamespace" }),
      "team",
      /names no namespace in spec\.providerRef; set it, or authenticationScope: ManifestNamespace/,
    ],
    [
      "its caller's without a caller",
      object("ClusterSecretStore", "", spec({})),
      "",
      /uses configuration of whoever uses it, and nobody does here/,
    ],
    [
      "one that is not there",
      object("SecretStore", "team", spec({ name: "gone" })),
      "team",
      /^SecretStore "store" names Vault "gone", which namespace "team" does not have; create it or correct/,
    ],
    [
      "a caller's that is not there",
      object("ClusterSecretStore", "", spec({})),
      "other",
      /names Vault "main", which namespace "other" does not have/,
    ],
    [
      "a kind that nobody installed",
      object("SecretStore", "team", spec({ kind: "Va\u001bult" })),
      "team",
      /^Va\\x1bult of provider\.external-secrets\.io\/v2alpha1 is no config kind that is served here, or none that core may list; apply its Custom/,
    ],
    [
      "a kind of that name in another group",
      object("SecretStore", "team", spec({ apiVersion: "example.com/v2alpha1" })),
      "team",
      /^Vault of example\.com\/v2alpha1 is no config kind/,
    ],
    [
      "one of Kubernetes' kinds",
      object("SecretStore", "team", spec({ apiVersion: "v1", kind: "Secret" })),
      "team",
      /^Secret of v1 is no config kind/,
    ],
    [
      "a version that is not served",
      object("SecretStore", "team", spec({ apiVersion: `${group}/v1` })),
      "team",
      /is not served in that version, but in v2alpha1; correct the reference$/,
    ],
  ];
  for (const [what, given, caller, message] of table) {
    t.throws(() => toStore(cluster, given, caller), { code: "InvalidConfig", message }, what);
  }
  const broken = view([{ namespace: "team", name: "main" }], { ...vaultKind, annotations: {} });
  const store = object("SecretStore", "team", spec({}));
  t.throws(() => toStore(broken, store, "team"), { code: "InvalidConfig", message: /has no annotation/ });
  t.end();
});

test("a reference may be in any version that is served; the object is read in the one that is stored", (t) => {
  const kind = { ...vaultKind, servedVersions: ["v2alpha1", "v2beta1"] };
  const later = view([{ namespace: "team", name: "main" }], kind);
  const spec = { providerRef: { ...main, apiVersion: `${group}/v2beta1` } };
  const { config } = toStore(later, object("SecretStore", "team", spec), "team");
  t.match(config, { apiVersion: `${group}/v2alpha1`, version: "v2alpha1" });
  t.end();
});

test("a store that cannot be used is none where that is no fault", (t) => {
  const ref = { kind: vaultId, namespace: "team", name: "main" };
  t.match(usableStore(cluster, ref, "team"), { ref });
  t.equal(
    usableStore(view([{ namespace: "team", name: "main" }], { ...vaultKind, annotations: {} }), ref, "team"),
    undefined,
  );
  t.equal(usableStore(cluster, { ...ref, name: "gone" }, "team"), undefined);
  t.equal(usableStore(cluster, { ...ref, kind: "Other.example.com" }, "team"), undefined);
  t.end();
});

test("retry settings go with the spec, and nothing else of a store does", (t) => {
  const retrySettings = { maxRetries: 3 };
  const more = { retrySettings, refreshInterval: 7, controller: "mine", conditions: [] };
  const store = toStore(cluster, object("SecretStore", "team", { provider: { vault: {} }, ...more }), "team");
  t.strictSame(store.spec, { provider: { vault: {} }, retrySettings });
  t.strictSame(toStore(cluster, object("SecretStore", "team", {}), "team").spec, { provider: {} });
  t.end();
});

test("the provider is at the address, through the class, or to be discovered", (t) => {
  t.strictSame(routeOf({}, "team"), { by: "discovery" });
  t.strictSame(routeOf({ address: "a.b.svc:1" }, "team"), { by: "address", address: "a.b.svc:1" });
  for (const [kind, namespace, expected] of [
    ["ProviderClass", "team", "team"],
    ["ClusterProviderClass", "team", ""],
    ["ClusterProviderClass", "", ""],
  ] as const) {
    const ref = { kind, namespace: expected, name: "c" };
    t.strictSame(routeOf({ runtimeRef: { kind, name: "c" } }, namespace), { by: "class", ref });
  }
  t.end();
});

test("whose configuration a store uses", (t) => {
  const pinned = { ...main, namespace: "platform" };
  const scope = "ManifestNamespace";
  const table: readonly (readonly [object: StoreObject, ofCaller: boolean, namespace: string | undefined])[] = [
    [object("SecretStore", "team", { provider: { vault: {} } }), false, undefined],
    [object("ClusterSecretStore", "", { provider: { vault: {} } }), false, undefined],
    [object("SecretStore", "team", { providerRef: main }), false, "team"],
    [object("ClusterSecretStore", "", { providerRef: main }), true, "caller"],
    [object("ClusterSecretStore", "", { providerRef: { ...main, namespace: "" } }), true, "caller"],
    [object("ClusterSecretStore", "", { providerRef: pinned }), false, "platform"],
    [object("Provider", "team", { providerRef: main }), false, "team"],
    [object("ClusterProvider", "", { providerRef: main, authenticationScope: scope }), true, "caller"],
    [object("ClusterProvider", "", { providerRef: pinned, authenticationScope: scope }), false, "platform"],
  ];
  for (const [given, ofCaller, namespace] of table) {
    const what = `${given.kind} ${JSON.stringify(given.spec)}`;
    t.equal(hasConfigOfCaller(given), ofCaller, what);
    t.equal(configNamespace(given, "caller"), namespace, what);
  }
  const nowhere = object("ClusterProvider", "", { providerRef: main, authenticationScope: "ProviderNamespace" });
  t.equal(hasConfigOfCaller(nowhere), false, "one that names none where it must is nobody's");
  t.end();
});
