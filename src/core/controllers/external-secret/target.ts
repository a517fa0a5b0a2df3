import type { SecretMap } from "../../../api/provider.ts";
import type { ObjectMeta, SecretObject, SecretWrite } from "../../../cluster/objects.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { dataHash } from "./hash.ts";
import { managedKeys } from "./managed-fields.ts";
import { createdByLabel, dataHashAnnotation, fieldManager, managedLabel, ownerHash } from "./names.ts";
import { withController } from "./ownership.ts";

type Labels = Readonly<Record<string, string>>;

/** Name of the Secret that an ExternalSecret writes. */
export function targetName({ metadata, spec }: ExternalSecretObject): string {
  return spec.target?.name || metadata.name;
}

/**
 * The target as it is to be (creationPolicy Owner): the fetched data and nothing else; labels and annotations of the
 * template, or of the ExternalSecret when it has none, beside those that others wrote. Throws OwnershipError.
 */
export function targetSecret(
  object: ExternalSecretObject,
  existing: SecretObject | undefined,
  data: SecretMap,
): SecretWrite {
  const { metadata } = object;
  const given = blueprint(object);
  const name = targetName(object);
  const manager = fieldManager(metadata.name);
  const held = existing?.metadata;
  const type = given.type || existing?.type;
  return {
    namespace: metadata.namespace,
    name,
    ...(type && { type }),
    ...(existing?.immutable && { immutable: true }),
    labels: {
      ...foreign(held, manager, "labels"),
      ...given.labels,
      [createdByLabel]: ownerHash(metadata.namespace, metadata.name),
      [managedLabel]: "true",
    },
    annotations: {
      ...foreign(held, manager, "annotations"),
      ...given.annotations,
      [dataHashAnnotation]: dataHash(data),
    },
    finalizers: finalizers(held, given.finalizers),
    ownerReferences: withController(held?.ownerReferences ?? [], object, name),
    data,
  };
}

/** What the target is given: by the template if there is one, even an empty one, else by the ExternalSecret itself. */
function blueprint({ metadata, spec }: ExternalSecretObject) {
  const template = spec.target?.template;
  if (template === undefined) {
    return { labels: metadata.labels, annotations: metadata.annotations, finalizers: [], type: undefined };
  }
  const { labels = {}, annotations = {}, finalizers = [] } = template.metadata ?? {};
  return { labels, annotations, finalizers, type: template.type };
}

/** None is added to a Secret that is being deleted: the API would refuse the whole write. */
function finalizers(held: ObjectMeta | undefined, given: readonly string[]): readonly string[] {
  if (held?.deletionTimestamp !== undefined) return held.finalizers;
  return [...new Set([...(held?.finalizers ?? []), ...given])];
}

/** Labels or annotations that are not ours: what we wrote once and do not write any more is dropped. */
function foreign(held: ObjectMeta | undefined, manager: string, of: "labels" | "annotations"): Labels {
  if (held === undefined) return {};
  const ours = managedKeys(held, manager, of);
  return Object.fromEntries(Object.entries(held[of]).filter(([key]) => !ours.has(key)));
}

/** Whether the data or the type of a Secret would change; true when its data is not known. */
export function changesContent(existing: SecretObject, write: SecretWrite): boolean {
  if (write.type !== undefined && write.type !== existing.type) return true;
  if (existing.data?.size !== write.data.size) return true;
  return [...write.data].some(([key, value]) => !equalBytes(existing.data?.get(key), value));
}

/** Whether the labels, annotations, finalizers or owners of a Secret would change. */
export function changesMetadata({ metadata }: SecretObject, write: SecretWrite): boolean {
  return (
    !equalLabels(metadata.labels, write.labels) ||
    !equalLabels(metadata.annotations, write.annotations) ||
    write.finalizers.length !== metadata.finalizers.length ||
    JSON.stringify(metadata.ownerReferences.map(ownerText)) !== JSON.stringify(write.ownerReferences.map(ownerText))
  );
}

function ownerText(reference: SecretWrite["ownerReferences"][number]): readonly unknown[] {
  const { apiVersion, kind, name, uid, controller, blockOwnerDeletion } = reference;
  return [apiVersion, kind, name, uid, controller ?? false, blockOwnerDeletion ?? false];
}

function equalBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

function equalLabels(a: Labels, b: Labels): boolean {
  const entries = Object.entries(b);
  return Object.keys(a).length === entries.length && entries.every(([key, value]) => a[key] === value);
}
