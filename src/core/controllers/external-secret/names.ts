import { textHash } from "./hash.ts";

/** ESO's finalizer on ExternalSecrets: ours need none, theirs is taken off when the object goes. */
export const cleanupFinalizer = "externalsecrets.external-secrets.io/externalsecret-cleanup";
/** Label of each Secret that an ExternalSecret manages; its value is "true". */
export const managedLabel = "reconcile.external-secrets.io/managed";
/** Label that says which ExternalSecret a Secret belongs to (creationPolicy Owner), see {@link ownerHash}. */
export const createdByLabel = "reconcile.external-secrets.io/created-by";
/** Annotation with the hash of the data as it was written. */
export const dataHashAnnotation = "reconcile.external-secrets.io/data-hash";

/** Value of {@link createdByLabel}. */
export function ownerHash(namespace: string, name: string): string {
  return textHash(`${namespace}/${name}`);
}

/** Field manager of what the ExternalSecret `name` writes to its target; at most 63 characters. */
export function fieldManager(name: string): string {
  const prefix = "externalsecrets.external-secrets.io/";
  const plain = prefix + name;
  return plain.length <= 63 ? plain : `${prefix}sha3/${textHash(name)}`;
}
