import type { Store } from "../../api/provider.ts";
import { findReferences, type FoundReference, type Reference } from "../../api/references.ts";
import { inlineKey } from "../resolve/inline-key.ts";

/** The paths that refer to Kubernetes, by key of `spec.provider`: data that core ships (gen/references.ts). */
export type ReferenceTable = ReadonlyMap<string, readonly Reference[]>;

/**
 * The references that are present in a store's spec, with pointers from the spec's root ("/provider/vault/auth/...").
 * A key that is not in the table has none: nobody vouched for its paths. Throws InvalidConfig unless there is one key.
 */
export function storeReferences(
  store: Pick<Store, "name" | "spec">,
  references: ReferenceTable,
): readonly FoundReference[] {
  const key = inlineKey(store);
  const token = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return findReferences(references.get(key) ?? [], store.spec.provider[key]).map((found) => ({
    ...found,
    pointer: `/provider/${token}${found.pointer}`,
  }));
}

/**
 * Whether what a store refers to depends on who uses it (ESO's referent authentication): a ClusterSecretStore with a
 * selector that names no namespace. Such a store cannot be validated without a caller.
 */
export function isReferent(store: Pick<Store, "kind" | "name" | "spec">, references: ReferenceTable): boolean {
  return (
    store.kind === "ClusterSecretStore" &&
    storeReferences(store, references).some(
      ({ reference, selector }) => reference.kind !== "CAProvider" && !selector["namespace"],
    )
  );
}
