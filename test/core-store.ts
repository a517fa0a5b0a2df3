import type { Store } from "../src/api/provider.ts";
import type { Reference } from "../src/api/references.ts";
import { referencesFrom, type ReferencesOf } from "../src/core/credentials/store-references.ts";
import type { ConfigSource, CoreStore } from "../src/core/store.ts";

/** A store as core works with it: its spec inline, its provider to be discovered, unless `more` says otherwise. */
export function coreStore(store: Store, more: Partial<CoreStore> = {}): CoreStore {
  const { kind, namespace, name } = store;
  return { ...store, ref: { kind, namespace, name }, route: { by: "discovery" }, callerNamespace: namespace, ...more };
}

/** A SecretStore with this object under `spec.provider.vault`. */
export function vaultStore(vault: object = {}): CoreStore {
  return coreStore({
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "team-a",
    name: "main",
    uid: "uid-1",
    generation: 3,
    spec: { provider: { vault } },
  });
}

/** {@link vaultStore} as a ClusterSecretStore. */
export function clusterVaultStore(vault: object = {}): CoreStore {
  return coreStore({ ...vaultStore(vault), kind: "ClusterSecretStore", namespace: "" });
}

/** A config object of kind Vault that means its own namespace. */
export const vaultConfig: ConfigSource = {
  apiVersion: "provider.external-secrets.io/v2alpha1",
  group: "provider.external-secrets.io",
  version: "v2alpha1",
  kind: "Vault",
  namespace: "platform",
  name: "main",
  scope: "ProviderNamespace",
};

/** The paths of references by inline key, where no config kinds are. */
export function inlineReferences(shipped: ReadonlyMap<string, readonly Reference[]>): ReferencesOf {
  return referencesFrom(shipped, { followedKind: () => undefined });
}
