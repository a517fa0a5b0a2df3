/** An object as the API server sends it (JSON). What it leaves out is empty. */
export interface ApiObject {
  readonly metadata: ApiMetadata;
  readonly spec?: unknown;
  readonly status?: unknown;
  /** Of a Secret (base64) or ConfigMap (text). */
  readonly data?: Readonly<Record<string, string>>;
  /** Of a ConfigMap, base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
  /** Of a Secret. */
  readonly type?: string;
  readonly immutable?: boolean;
  /** Of an EndpointSlice. */
  readonly addressType?: unknown;
  readonly ports?: unknown;
  readonly endpoints?: unknown;
}

/** meta/v1 ObjectMeta as JSON. */
export interface ApiMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly ApiOwnerReference[];
  readonly managedFields?: readonly ApiManagedFields[];
}

/** meta/v1 OwnerReference as JSON. */
export interface ApiOwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** meta/v1 ManagedFieldsEntry as JSON. */
export interface ApiManagedFields {
  readonly manager?: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

/** Whether it has what every stored object has; the rest is as its kind says. */
export function isApiObject(value: unknown): value is ApiObject {
  if (!isRecord(value) || !isRecord(value["metadata"])) return false;
  const { name, uid, resourceVersion } = value["metadata"];
  return typeof name === "string" && typeof uid === "string" && typeof resourceVersion === "string";
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
