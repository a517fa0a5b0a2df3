import type { ObjectKey } from "../../cluster/cluster.ts";
import type { Kind } from "../../cluster/objects.ts";

/** core/v1 Secret as a {@link Kind}. */
export const secretKind: Kind = { apiVersion: "v1", kind: "Secret", namespaced: true };
/** core/v1 ConfigMap. */
export const configMapKind: Kind = { apiVersion: "v1", kind: "ConfigMap", namespaced: true };
/** core/v1 ServiceAccount. */
export const serviceAccountKind: Kind = { apiVersion: "v1", kind: "ServiceAccount", namespaced: true };
/** core/v1 Namespace. */
export const namespaceKind: Kind = { apiVersion: "v1", kind: "Namespace", namespaced: false };

/** A Secret's own fields. */
export interface SecretContent {
  readonly form: "Secret";
  readonly type: string;
  readonly immutable: boolean;
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** A ConfigMap's own fields: `data` (as UTF-8) and `binaryData` in one map. */
export interface ConfigMapContent {
  readonly form: "ConfigMap";
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** What an object of a custom kind holds. */
export interface CustomContent {
  readonly form: "custom";
  readonly spec: unknown;
}

/** What an object holds beside metadata and status; "bare": nothing that anybody reads (Namespace, ServiceAccount). */
export type Content = CustomContent | SecretContent | ConfigMapContent | { readonly form: "bare" };

/** An object as a manifest wants it. Whatever the server sets (uid, status, owner references) is not part of it. */
export interface DesiredObject {
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly content: Content;
}
