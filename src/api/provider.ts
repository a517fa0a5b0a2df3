import type { ProviderError } from "./errors.ts";

/** What a provider can be asked for, per operation; ESO's ReadOnly, WriteOnly and ReadWrite are derived from it. */
export type Operation = "get" | "map" | "find" | "push" | "delete" | "exists";

/** ESO's `status.capabilities` of a store. */
export type StoreCapabilities = "ReadOnly" | "WriteOnly" | "ReadWrite";

/** ESO's SecretKeySelector: one key of a Kubernetes Secret. */
export interface SecretKeySelector {
  readonly name?: string;
  readonly namespace?: string;
  readonly key?: string;
}

/** ESO's ServiceAccountSelector. */
export interface ServiceAccountSelector {
  readonly name: string;
  readonly namespace?: string;
  readonly audiences?: readonly string[];
}

/** ESO's CAProvider: a CA bundle in a Secret or a ConfigMap. */
export interface CAProvider {
  readonly type: "Secret" | "ConfigMap";
  readonly name: string;
  readonly key?: string;
  readonly namespace?: string;
}

/** A ServiceAccount token as core got it from TokenRequest (or a cloud's annotations that come with it). */
export interface ServiceAccountToken {
  readonly token: string;
  /** When the token ends, milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly serviceAccountUid: string;
  readonly annotations: ReadonlyMap<string, string>;
}

/** What ESO's `spec.retrySettings` holds: HTTP retries of the providers that honour it. */
export interface RetrySettings {
  readonly maxRetries?: number;
  /** Go duration. */
  readonly retryInterval?: string;
}

/** The part of a SecretStore's spec that providers see: exactly one key under `provider`. */
export interface StoreSpec {
  readonly provider: Readonly<Record<string, unknown>>;
  readonly retrySettings?: RetrySettings;
}

/** A SecretStore or ClusterSecretStore as a provider sees it. */
export interface Store {
  readonly apiVersion: string;
  /** "SecretStore" or "ClusterSecretStore". */
  readonly kind: string;
  /** Empty for a cluster-scoped store. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly spec: StoreSpec;
}

/**
 * What a store refers to, by the reference as it stands in the spec. Answers only what the store declares; a provider
 * never reads Kubernetes itself. Rejects with ProviderError: InvalidConfig (missing Secret, key or ServiceAccount, a
 * reference that was not declared), Unavailable (the API server did not answer).
 */
export interface Context {
  /** Namespace of the ExternalSecret or PushSecret; empty when a cluster store is validated without a caller. */
  readonly namespace: string;
  /** Whether a store without credentials of its own may use the identity of the provider's process (`--ambient`). */
  readonly ambient: boolean;
  secret(ref: SecretKeySelector, signal: AbortSignal): Promise<Uint8Array>;
  configMap(ref: SecretKeySelector, signal: AbortSignal): Promise<Uint8Array>;
  token(ref: ServiceAccountSelector, audiences: readonly string[], signal: AbortSignal): Promise<ServiceAccountToken>;
}

/** ESO's ExternalSecretDataRemoteRef. Decoding and key conversion are core's work, the fields travel for old peers. */
export interface RemoteRef {
  readonly key: string;
  readonly property?: string;
  readonly version?: string;
  readonly metadataPolicy?: "None" | "Fetch";
  readonly conversionStrategy?: "Default" | "Unicode";
  readonly decodingStrategy?: "Auto" | "Base64" | "Base64URL" | "None";
}

/** ESO's ExternalSecretFind. */
export interface Find {
  /** RE2 syntax (https://github.com/google/re2/wiki/Syntax). */
  readonly name?: { readonly regexp?: string };
  readonly path?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly conversionStrategy?: "Default" | "Unicode";
  readonly decodingStrategy?: "Auto" | "Base64" | "Base64URL" | "None";
}

/** Keys to raw bytes. A Map, since keys come from backends and `__proto__` is one of them. */
export type SecretMap = ReadonlyMap<string, Uint8Array>;

/** One thing to read: a value, the map behind a key, or what a search finds. */
export type Read =
  | { readonly op: "get"; readonly ref: RemoteRef }
  | { readonly op: "map"; readonly ref: RemoteRef }
  | { readonly op: "find"; readonly find: Find };

/** What a {@link Read} gave; `deferred` was not looked at (byte budget) and is asked again. */
export type ReadResult =
  | { readonly value: Uint8Array }
  | { readonly values: SecretMap }
  | { readonly error: ProviderError }
  | { readonly deferred: true };

/** The Kubernetes Secret that is pushed from; keys are converted already. */
export interface PushSource {
  readonly data: SecretMap;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** ESO's PushSecretData: what goes where. */
export interface PushData {
  /** Key of the source Secret; empty: the whole Secret as JSON. */
  readonly secretKey: string;
  readonly remoteKey: string;
  readonly property: string;
  /** Raw JSON of `metadata`, absent when the user gave none. */
  readonly metadata?: Uint8Array;
}

/** ESO's PushSecretRemoteRef. */
export interface PushRemoteRef {
  readonly remoteKey: string;
  readonly property: string;
}

/**
 * Outcome of {@link SecretsClient.validate}; a client that finds an error rejects instead. `undetermined`: what kept it
 * from finding out (ESO's ValidationResultUnknown with an error).
 */
export type ValidationResult = "Ready" | "Unknown" | { readonly undetermined: ProviderError };

/** What {@link Provider.validateStore} says of a store's spec, for admission. */
export interface StoreValidation {
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
}

/**
 * A connection to one backend for one store and caller (ESO's SecretsClient). Values are raw bytes. Everything rejects
 * with ProviderError: NoSecret when the key does not exist; Unsupported for an operation the provider lacks.
 */
export interface SecretsClient {
  getSecret(ref: RemoteRef, signal: AbortSignal): Promise<Uint8Array>;
  getSecretMap(ref: RemoteRef, signal: AbortSignal): Promise<SecretMap>;
  getAllSecrets(find: Find, signal: AbortSignal): Promise<SecretMap>;
  pushSecret(source: PushSource, data: PushData, signal: AbortSignal): Promise<void>;
  deleteSecret(ref: PushRemoteRef, signal: AbortSignal): Promise<void>;
  secretExists(ref: PushRemoteRef, signal: AbortSignal): Promise<boolean>;
  validate(signal: AbortSignal): Promise<ValidationResult>;
  close(): Promise<void>;
  /** Several reads in one go, results in their order. Callers use `readAll`, which falls back to single calls. */
  read?(reads: readonly Read[], signal: AbortSignal): Promise<readonly ReadResult[]>;
}

/** ESO's Provider: makes clients for stores. The one interface that in-process and out-of-process providers share. */
export interface Provider {
  /** The key under `spec.provider`, say "vault". */
  readonly name: string;
  /** Clients serve every caller of a store none of whose references depends on the caller. Absent: one per caller. */
  readonly sharesClients?: boolean;
  capabilities(signal: AbortSignal): Promise<readonly Operation[]>;
  /** Rejects only when it could not look; what it finds wrong is in the result. */
  validateStore(store: Store, signal: AbortSignal): Promise<StoreValidation>;
  newClient(store: Store, context: Context, signal: AbortSignal): Promise<SecretsClient>;
}

/** ESO's word for a set of operations. */
export function storeCapabilities(operations: readonly Operation[]): StoreCapabilities {
  const writes = operations.includes("push");
  const reads = operations.some((operation) => operation === "get" || operation === "map" || operation === "find");
  if (writes) return reads ? "ReadWrite" : "WriteOnly";
  return "ReadOnly";
}
