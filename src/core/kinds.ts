import { clusterProviderClass, type ClusterProviderClassSpec } from "../api/kinds/cluster-provider-class.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret, type ExternalSecretSpec, type ExternalSecretStatus } from "../api/kinds/external-secret.ts";
import { providerClass, type ProviderClassStatus } from "../api/kinds/provider-class.ts";
import {
  secretStore,
  type ProviderClassKind,
  type SecretStoreSpec,
  type SecretStoreStatus,
} from "../api/kinds/secret-store.ts";
import type { Store } from "../api/provider.ts";
import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { KubeObject } from "../cluster/objects.ts";
import type { StoreRef } from "./credentials/dependencies.ts";

/** Names a ProviderClass or ClusterProviderClass; namespace is empty for the latter. */
export interface ClassRef extends ObjectKey {
  readonly kind: ProviderClassKind;
}

export type ExternalSecretObject = KubeObject<ExternalSecretSpec, ExternalSecretStatus>;
export type StoreObject = KubeObject<SecretStoreSpec, SecretStoreStatus>;
export type ProviderClassObject = KubeObject<ClusterProviderClassSpec, ProviderClassStatus>;

/** The kinds that a secretStoreRef can name. */
export const storeKinds = [secretStore, clusterSecretStore] as const;

/** The kinds that a store's runtimeRef can name. */
export const classKinds = [providerClass, clusterProviderClass] as const;

// The CRDs' schemas were checked when the objects were written, so their static types hold here.

/** The ExternalSecret of that name in the view. */
export function getExternalSecret(cluster: Pick<Cluster, "get">, key: ObjectKey): ExternalSecretObject | undefined {
  return cluster.get(externalSecret, key) as ExternalSecretObject | undefined;
}

/** The store that a reference names. */
export function getStore(cluster: Pick<Cluster, "get">, ref: StoreRef): StoreObject | undefined {
  const kind = storeKinds.find((each) => each.kind === ref.kind);
  const object = kind && (cluster.get(kind, ref) as StoreObject | undefined);
  // The API server takes a store without a spec: it names no provider.
  return object && (object.spec === undefined ? { ...object, spec: { provider: {} } } : object);
}

/** The class of that kind and name; namespace is empty for a ClusterProviderClass, as for any object of the cluster. */
export function getProviderClass(cluster: Pick<Cluster, "get">, ref: ClassRef): ProviderClassObject | undefined {
  const kind = classKinds.find((each) => each.kind === ref.kind);
  return kind && (cluster.get(kind, ref) as ProviderClassObject | undefined);
}

/** The part of a store that core and providers work with. */
export function toStore(object: StoreObject): Store {
  const { apiVersion, kind, metadata, spec } = object;
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    spec: {
      provider: spec.provider,
      ...(spec.runtimeRef && { runtimeRef: spec.runtimeRef }),
      ...(spec.retrySettings && { retrySettings: spec.retrySettings }),
    },
  };
}
