import { findReferences, type FoundReference, type Reference } from "../../api/references.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { followedKindId } from "../../cluster/followed-kinds.ts";
import { configMark } from "../config-mark.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import type { CoreStore } from "../store.ts";

/**
 * Which paths of a store's spec refer to Kubernetes, from the object under its key. An administrator vouches for them:
 * they are data that core ships (gen/references.ts), for a config kind its CustomResourceDefinition says them. Throws
 * ProviderError when that cannot be understood.
 */
export type ReferencesOf = (store: Pick<CoreStore, "name" | "spec" | "config">) => readonly Reference[];

/** Answers from `shipped`, which is by key, and from what the config kinds of `cluster` say. */
export function referencesFrom(
  shipped: ReadonlyMap<string, readonly Reference[]>,
  cluster: Pick<Cluster, "followedKind">,
): ReferencesOf {
  return (store) => {
    if (store.config === undefined) return shipped.get(inlineKey(store)) ?? [];
    const kind = cluster.followedKind(followedKindId(store.config));
    return kind === undefined ? [] : configMark(kind).references;
  };
}

/**
 * The references that are present in a store's spec, with pointers from the spec's root ("/provider/vault/auth/...").
 * A key for which no paths are known has none: nobody vouched for its paths. Throws InvalidConfig unless there is one key.
 */
export function storeReferences(
  store: Pick<CoreStore, "name" | "spec" | "config">,
  references: ReferencesOf,
): readonly FoundReference[] {
  const key = inlineKey(store);
  const token = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return findReferences(references(store), store.spec.provider[key]).map((found) => ({
    ...found,
    pointer: `/provider/${token}${found.pointer}`,
  }));
}

/**
 * Whether what a store refers to depends on who uses it (ESO's referent authentication): a cluster store with a selector
 * that names no namespace, unless it is a config object's and means the config's own. Such a store cannot be validated
 * without a caller.
 */
export function isReferent(
  store: Pick<CoreStore, "kind" | "name" | "spec" | "config">,
  references: ReferencesOf,
): boolean {
  return (
    store.kind === "ClusterSecretStore" &&
    store.config?.scope !== "ProviderNamespace" &&
    storeReferences(store, references).some(
      ({ reference, selector }) => reference.kind !== "CAProvider" && !selector["namespace"],
    )
  );
}
