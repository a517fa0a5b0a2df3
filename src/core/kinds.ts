import { clusterProvider, type ClusterProviderSpec } from "../api/kinds/cluster-provider.ts";
import { clusterProviderClass, type ClusterProviderClassSpec } from "../api/kinds/cluster-provider-class.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret, type ExternalSecretSpec, type ExternalSecretStatus } from "../api/kinds/external-secret.ts";
import { providerClass, type ProviderClassStatus } from "../api/kinds/provider-class.ts";
import { provider, type ProviderStatus } from "../api/kinds/provider.ts";
import { secretStore, type ProviderClassKind, type SecretStoreSpec } from "../api/kinds/secret-store.ts";
import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import { followedKindId } from "../cluster/followed-kinds.ts";
import { groupOf, type Kind, type KubeObject } from "../cluster/objects.ts";
import type { StoreRef } from "./credentials/dependencies.ts";

/** Names a ProviderClass or ClusterProviderClass; namespace is empty for the latter. */
export interface ClassRef extends ObjectKey {
  readonly kind: ProviderClassKind;
}

export type ExternalSecretObject = KubeObject<ExternalSecretSpec, ExternalSecretStatus>;
export type ProviderClassObject = KubeObject<ClusterProviderClassSpec, ProviderClassStatus>;

/** What core reads of any store's spec; a Provider has no `provider`, a SecretStore no `address`. */
export type StoreFields = SecretStoreSpec & Partial<Pick<ClusterProviderSpec, "address" | "authenticationScope">>;

/** An object that a secretStoreRef can name. Of a config kind `spec` is empty and `config` what stands in the object. */
export interface StoreObject extends KubeObject<StoreFields, ProviderStatus> {
  readonly config?: unknown;
}

/** The kinds of ours that a secretStoreRef can name; followed kinds can be named too. */
export const storeKinds = [secretStore, clusterSecretStore, provider, clusterProvider] as const;

/** The kinds that a store's runtimeRef can name. */
export const classKinds = [providerClass, clusterProviderClass] as const;

// The CRDs' schemas were checked when the objects were written, so their static types hold here.

/** The ExternalSecret of that name in the view. */
export function getExternalSecret(cluster: Pick<Cluster, "get">, key: ObjectKey): ExternalSecretObject | undefined {
  return cluster.get(externalSecret, key) as ExternalSecretObject | undefined;
}

/** A kind of store by its name in references: "SecretStore", or a followedKindId. */
export function storeKind(cluster: Pick<Cluster, "followedKind">, name: string): Kind | undefined {
  return storeKinds.find(({ kind }) => kind === name) ?? cluster.followedKind(name);
}

/** The store that a reference names. */
export function getStore(cluster: Pick<Cluster, "get" | "followedKind">, ref: StoreRef): StoreObject | undefined {
  const own = storeKinds.find(({ kind }) => kind === ref.kind);
  if (own === undefined) {
    const kind = cluster.followedKind(ref.kind);
    const object = kind && cluster.get(kind, ref);
    return object && { ...(object as StoreObject), spec: {}, config: object.spec ?? {} };
  }
  const object = cluster.get(own, ref) as StoreObject | undefined;
  // The API server takes a store without a spec: it names no provider.
  return object && (object.spec === undefined ? { ...object, spec: {} } : object);
}

/** The reference that leads to a store object. */
export function refOf({ apiVersion, kind, metadata, config }: StoreObject): StoreRef {
  const { namespace, name } = metadata;
  return { kind: config === undefined ? kind : followedKindId({ kind, group: groupOf(apiVersion) }), namespace, name };
}

/** The class of that kind and name; namespace is empty for a ClusterProviderClass, as for any object of the cluster. */
export function getProviderClass(cluster: Pick<Cluster, "get">, ref: ClassRef): ProviderClassObject | undefined {
  const kind = classKinds.find((each) => each.kind === ref.kind);
  return kind && (cluster.get(kind, ref) as ProviderClassObject | undefined);
}
