import type { Code } from "./errors.ts";
import type { ServiceAccountToken } from "./provider.ts";

/** A ServiceAccount token and whom it is good for. */
export interface CredentialToken extends ServiceAccountToken {
  readonly audiences: readonly string[];
}

/** Why core could not read a reference; thrown only when the provider asks for it. */
export interface CredentialError {
  readonly code: Code;
  readonly message: string;
}

/** What one reference of a store's spec resolved to, as core sends it. Exactly one of `keys`, `token`, `error` is set. */
export interface Credential {
  /** JSON Pointer from the root of the store's spec: "/provider/vault/auth/tokenSecretRef". */
  readonly path: string;
  readonly kind: "Secret" | "ConfigMap" | "ServiceAccount";
  /** Where it was read, after the namespace rules. */
  readonly namespace: string;
  readonly name: string;
  /** The keys that the reference names, and no others of the object. */
  readonly keys?: ReadonlyMap<string, Uint8Array>;
  readonly token?: CredentialToken;
  readonly error?: CredentialError;
}
