import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret, type ExternalSecretSpec, type ExternalSecretStatus } from "../api/kinds/external-secret.ts";
import { secretStore, type SecretStoreSpec, type SecretStoreStatus } from "../api/kinds/secret-store.ts";
import type { Store } from "../api/provider.ts";
import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { KubeObject } from "../cluster/objects.ts";
import type { StoreRef } from "./credentials/dependencies.ts";

export type ExternalSecretObject = KubeObject<ExternalSecretSpec, ExternalSecretStatus>;
export type StoreObject = KubeObject<SecretStoreSpec, SecretStoreStatus>;

/** The kinds that a secretStoreRef can name. */
export const storeKinds = [secretStore, clusterSecretStore] as const;

// The CRDs' schemas were checked when the objects were written, so their static types hold here.

/** The ExternalSecret of that name in the view. */
export function getExternalSecret(cluster: Pick<Cluster, "get">, key: ObjectKey): ExternalSecretObject | undefined {
  return cluster.get(externalSecret, key) as ExternalSecretObject | undefined;
}

/** The store that a reference names. */
export function getStore(cluster: Pick<Cluster, "get">, ref: StoreRef): StoreObject | undefined {
  const kind = storeKinds.find((each) => each.kind === ref.kind);
  return kind && (cluster.get(kind, ref) as StoreObject | undefined);
}

/** The part of a store that providers see. */
export function toStore(object: StoreObject): Store {
  const { apiVersion, kind, metadata, spec } = object;
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    spec: { provider: spec.provider, ...(spec.retrySettings && { retrySettings: spec.retrySettings }) },
  };
}
