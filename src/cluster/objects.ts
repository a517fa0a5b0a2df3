/** Kubernetes' OwnerReference (meta/v1). */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** Kubernetes' ObjectMeta (meta/v1), the part that controllers use. Times are RFC 3339, whole seconds. */
export interface ObjectMeta {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly uid: string;
  /** Opaque: compare for equality only. */
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
  /** Which manager wrote which fields (structured-merge-diff); controllers read their own entries. */
  readonly managedFields: readonly ManagedFields[];
}

/** One entry of `metadata.managedFields`. */
export interface ManagedFields {
  readonly manager: string;
  /** "" or "status". */
  readonly subresource: string;
  readonly time: string;
  /** FieldsV1 as JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A kind as controllers name it. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** "apps" of "apps/v1"; empty for the core group's "v1". */
export function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(0, apiVersion.indexOf("/")));
}

/** Any object of a custom kind. */
export interface KubeObject<Spec = unknown, Status = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status?: Status;
}

/** A core/v1 Secret. `data` is decoded; absent when only metadata is held (a Secret that is not managed by us). */
export interface SecretObject {
  readonly metadata: ObjectMeta;
  readonly type: string;
  readonly immutable: boolean;
  readonly data?: ReadonlyMap<string, Uint8Array>;
}

/** A Secret to be written. */
export interface SecretWrite {
  readonly namespace: string;
  readonly name: string;
  readonly type?: string;
  readonly immutable?: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** A namespace: what store conditions look at. */
export interface NamespaceObject {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}
