import type { ObjectKey } from "../../cluster/cluster.ts";
import type { CoreStore } from "../store.ts";

/** Names what an ExternalSecret reads from; namespace is empty for what belongs to the cluster. */
export interface StoreRef {
  /** "SecretStore", "ClusterSecretStore", "Provider", "ClusterProvider", or a followedKindId. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What a store can depend on. */
export type DependencyKind = "Secret" | "ConfigMap" | "ServiceAccount";

/** Which stores depend on which objects. */
export interface Dependencies {
  record(store: Pick<CoreStore, "ref" | "uid" | "generation">, kind: DependencyKind, object: ObjectKey): void;
  dependents(kind: DependencyKind, object: ObjectKey): readonly StoreRef[];
  forget(store: StoreRef): void;
}

/** Pairs kept at most. What is dropped is recorded again at the store's next use; until then a change wakes nobody. */
const defaultLimit = 100_000;

/** Makes {@link Dependencies}. A store whose spec changed starts afresh; beyond `limit` pairs the oldest store is dropped. */
export function createDependencies(limit: number = defaultLimit): Dependencies {
  const storesOf = new Map<string, Map<string, StoreRef>>();
  const objectsOf = new Map<string, { readonly version: string; readonly objects: Set<string> }>();
  let pairs = 0;

  function drop(store: string): void {
    for (const object of objectsOf.get(store)?.objects ?? []) {
      const stores = storesOf.get(object);
      stores?.delete(store);
      if (stores?.size === 0) storesOf.delete(object);
      pairs -= 1;
    }
    objectsOf.delete(store);
  }

  return {
    record(store, kind, object) {
      const storeId = nameOf(store.ref.kind, store.ref);
      const objectId = nameOf(kind, object);
      const version = `${store.uid}/${store.generation}`;
      if (objectsOf.get(storeId)?.version !== version) drop(storeId);
      if (objectsOf.get(storeId)?.objects.has(objectId)) return;
      for (const oldest of objectsOf.keys()) {
        if (pairs < limit) break;
        drop(oldest);
      }
      const held = objectsOf.get(storeId) ?? { version, objects: new Set<string>() };
      objectsOf.set(storeId, held);
      held.objects.add(objectId);
      const stores = storesOf.get(objectId) ?? new Map<string, StoreRef>();
      storesOf.set(objectId, stores);
      stores.set(storeId, store.ref);
      pairs += 1;
    },
    dependents: (kind, object) => [...(storesOf.get(nameOf(kind, object))?.values() ?? [])],
    forget: (store) => drop(nameOf(store.kind, store)),
  };
}

function nameOf(kind: string, { namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`;
}
