import type { FollowedKinds } from "./followed-kinds.ts";
import type { Kind, KubeObject, NamespaceObject, SecretObject, SecretWrite } from "./objects.ts";

/** Namespace and name of an object; namespace is empty for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** NAMESPACE/NAME: an object's key as text, for maps of objects of one kind. */
export function keyId({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}

/** Why the API refused: Kubernetes' status reasons that controllers act on. */
export type ClusterErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "Forbidden"
  | "TooManyRequests"
  | "Unavailable"
  | "Gone";

/** What the Cluster rejects with. The message is for people and holds no value of a Secret. */
export class ClusterError extends Error {
  readonly reason: ClusterErrorReason;

  constructor(reason: ClusterErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClusterError";
    this.reason = reason;
  }
}

/** Something of a kind changed; read the view for what it is now. */
export interface Change {
  /** A core group's kind by its name alone; a followed kind by its followedKindId. */
  readonly kind: string;
  readonly key: ObjectKey;
}

/** An event to record on an object (events.k8s.io; ESO's recorder). */
export interface EventRecord {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Keys of a Secret or ConfigMap that a reference names. */
export interface ReferencedKeys {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Only the keys that were asked for and exist. */
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** A ServiceAccount's token and what identifies the account. */
export interface RequestedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly serviceAccountUid: string;
  readonly annotations: ReadonlyMap<string, string>;
}

/**
 * The world as controllers see it: what they call and no more. Reads come from a synced view and do not wait; writes go
 * to the API and are in the view when they return. Rejects with {@link ClusterError}.
 */
export interface Cluster extends FollowedKinds {
  /** Of a followed kind the group counts, not the version: the object is as {@link FollowedKinds} says it is read. */
  get(kind: Kind, key: ObjectKey): KubeObject | undefined;
  list(kind: Kind, namespace?: string): readonly KubeObject[];
  /** A Secret of the view: whole when it carries our managed label, metadata only otherwise. */
  secret(key: ObjectKey): SecretObject | undefined;
  /** Secrets of a namespace whose labels equal all of `labels`. */
  secrets(namespace: string, labels: Readonly<Record<string, string>>): readonly SecretObject[];
  namespace(name: string): NamespaceObject | undefined;

  createSecret(secret: SecretWrite, fieldManager: string, signal: AbortSignal): Promise<SecretObject>;
  /** Conflict when the Secret's resourceVersion is no longer `resourceVersion`. */
  updateSecret(
    secret: SecretWrite,
    resourceVersion: string,
    fieldManager: string,
    signal: AbortSignal,
  ): Promise<SecretObject>;
  /** Removes the object of exactly this UID; NotFound when there is none, Conflict when another took its name. */
  removeSecret(key: ObjectKey, uid: string, signal: AbortSignal): Promise<void>;
  /** Replaces the status. Conflict when the object's resourceVersion is no longer `resourceVersion`. */
  updateStatus(
    kind: Kind,
    key: ObjectKey,
    resourceVersion: string,
    status: unknown,
    signal: AbortSignal,
  ): Promise<KubeObject>;
  /** Replaces the finalizers, under the same condition. */
  updateFinalizers(
    kind: Kind,
    key: ObjectKey,
    resourceVersion: string,
    finalizers: readonly string[],
    signal: AbortSignal,
  ): Promise<KubeObject>;
  event(kind: Kind, key: ObjectKey, event: EventRecord): void;

  /** Reads keys of any Secret or ConfigMap for a reference. NotFound when the object does not exist. */
  referencedKeys(
    kind: "Secret" | "ConfigMap",
    key: ObjectKey,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<ReferencedKeys>;
  /** UID and resourceVersion of a referenced object in the view, without its data; undefined: not there. */
  referencedVersion(
    kind: "Secret" | "ConfigMap" | "ServiceAccount",
    key: ObjectKey,
  ): { readonly uid: string; readonly resourceVersion: string } | undefined;
  /** TokenRequest. */
  token(
    key: ObjectKey,
    audiences: readonly string[],
    expirationSeconds: number,
    signal: AbortSignal,
  ): Promise<RequestedToken>;

  /**
   * Hears every change of the view, of custom kinds, followed kinds, "CustomResourceDefinition" (a followed kind came,
   * went or is another now), "Secret", "ConfigMap", "ServiceAccount" and "Namespace". Returns what ends it.
   */
  watch(listener: (change: Change) => void): () => void;
}
