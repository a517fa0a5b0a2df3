import type { Kind, KubeObject, ManagedFields, ObjectMeta, OwnerReference, SecretObject } from "../objects.ts";
import type { ApiManagedFields, ApiMetadata, ApiObject, ApiOwnerReference } from "./api-object.ts";
import { decoded, packedData, packedFields } from "./packed-data.ts";

/** What is held of an object whose content nobody reads. */
export interface MetadataObject {
  readonly metadata: ObjectMeta;
}

// Shared, so that thousands of objects do not hold thousands of empty ones.
const none: Readonly<Record<string, string>> = Object.freeze({});
const nothing: readonly never[] = Object.freeze([]);

/**
 * An object of a custom kind as controllers read it. Of managedFields the entries of the status subresource are kept:
 * who else writes it is what controllers look for.
 */
export function customObject({ apiVersion, kind }: Kind, { metadata, spec, status }: ApiObject): KubeObject {
  const managed = (metadata.managedFields ?? nothing).filter(({ subresource }) => subresource === "status");
  const held = objectMeta(metadata, {
    annotations: metadata.annotations ?? none,
    managedFields: managed.map(managedFields),
  });
  return { apiVersion, kind, metadata: held, spec, ...(status !== undefined && { status }) };
}

/** A Secret of its whole JSON. */
export function wholeSecret({ metadata, data = {}, type = "Opaque", immutable = false }: ApiObject): SecretObject {
  const held = objectMeta(metadata, {
    annotations: metadata.annotations ?? none,
    managedFields: (metadata.managedFields ?? nothing).map((entry) => {
      const { fields, ...rest } = managedFields(entry);
      return { ...rest, fields: packedFields(fields) };
    }),
  });
  return { metadata: held, type, immutable, data: packedData(data) };
}

/** A Secret of its metadata, which has neither type nor `immutable`, and without what may hold data: annotations. */
export function secretMetadata({ metadata }: ApiObject): SecretObject {
  return { metadata: bareMeta(metadata), type: "", immutable: false };
}

/** Metadata without annotations and managedFields. */
export function metadataObject({ metadata }: ApiObject): MetadataObject {
  return { metadata: bareMeta(metadata) };
}

/** Metadata with annotations, without managedFields. */
export function annotatedObject({ metadata }: ApiObject): MetadataObject {
  return { metadata: objectMeta(metadata, { annotations: metadata.annotations ?? none, managedFields: nothing }) };
}

/** Name and version only, for what is never looked at otherwise. */
export function versionObject({ metadata: { name, namespace, uid, resourceVersion } }: ApiObject): MetadataObject {
  return { metadata: bareMeta({ name, namespace: namespace ?? "", uid, resourceVersion, creationTimestamp: "" }) };
}

/** `data` and `binaryData` of a ConfigMap, `data` of a Secret, of these keys. */
export function keysOf(kind: "Secret" | "ConfigMap", object: ApiObject, keys: readonly string[]) {
  const wanted = new Set(keys);
  const some = (entries: Readonly<Record<string, string>> = {}) =>
    Object.entries(entries).filter(([key]) => wanted.has(key));
  if (kind === "Secret") return new Map(some(object.data).map(decoded));
  const text = some(object.data).map(([key, value]) => [key, new TextEncoder().encode(value)] as const);
  return new Map<string, Uint8Array>([...text, ...some(object.binaryData).map(decoded)]);
}

function bareMeta(metadata: ApiMetadata): ObjectMeta {
  return objectMeta(metadata, { annotations: none, managedFields: nothing });
}

function objectMeta(metadata: ApiMetadata, more: Pick<ObjectMeta, "annotations" | "managedFields">): ObjectMeta {
  const { namespace = "", name, uid, resourceVersion, generation = 0, creationTimestamp, deletionTimestamp } = metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    labels: metadata.labels ?? none,
    finalizers: metadata.finalizers ?? nothing,
    ownerReferences: metadata.ownerReferences?.map(ownerReference) ?? nothing,
    ...more,
  };
}

function ownerReference({
  apiVersion,
  kind,
  name,
  uid,
  controller,
  blockOwnerDeletion,
}: ApiOwnerReference): OwnerReference {
  return {
    apiVersion,
    kind,
    name,
    uid,
    ...(controller !== undefined && { controller }),
    ...(blockOwnerDeletion !== undefined && { blockOwnerDeletion }),
  };
}

function managedFields({ manager = "", subresource = "", time = "", fieldsV1 = {} }: ApiManagedFields): ManagedFields {
  return { manager, subresource, time, fields: fieldsV1 };
}
