import type { ObjectKey } from "../../cluster/cluster.ts";
import type { Kind, KubeObject, ObjectMeta, SecretObject } from "../../cluster/objects.ts";
import type { Content, DesiredObject, SecretContent } from "./desired.ts";

/** ESO's label on the Secrets it writes: such Secrets are held whole, all others as metadata. */
const managedLabel = "reconcile.external-secrets.io/managed";

/** One stored object. Never changed: a write stores another. */
export interface Entry {
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly content: Content;
  readonly status?: unknown;
  /** What a manifest said last; absent when only controllers wrote it. */
  readonly applied?: DesiredObject;
}

/** An {@link Entry} that is a Secret. */
export interface SecretEntry extends Entry {
  readonly content: SecretContent;
}

export function isSecret(entry: Entry | undefined): entry is SecretEntry {
  return entry?.content.form === "Secret";
}

export function keyOf(entry: Entry): ObjectKey {
  return { namespace: entry.metadata.namespace, name: entry.metadata.name };
}

/** The object of a custom kind as controllers read it. */
export function customView(entry: Entry): KubeObject | undefined {
  if (entry.content.form !== "custom") return undefined;
  const { apiVersion, kind } = entry.kind;
  return {
    apiVersion,
    kind,
    metadata: entry.metadata,
    spec: entry.content.spec,
    ...(entry.status !== undefined && { status: entry.status }),
  };
}

/** The Secret with its data. */
export function wholeSecret({ metadata, content }: SecretEntry): SecretObject {
  return { metadata, type: content.type, immutable: content.immutable, data: content.data };
}

/**
 * The Secret as the view holds it: whole when managed. Otherwise what PartialObjectMetadata has, which knows neither
 * type ("" here) nor `immutable`, and without annotations: `last-applied-configuration` holds data.
 */
export function secretView(entry: SecretEntry): SecretObject {
  if (entry.metadata.labels[managedLabel] === "true") return wholeSecret(entry);
  return { metadata: { ...entry.metadata, annotations: {} }, type: "", immutable: false };
}
