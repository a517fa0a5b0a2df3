import type { Store } from "../api/provider.ts";
import type { Credential } from "../api/credential.ts";

/** What surrounds one call to a provider: outboard.v1.Context as the host sees it. */
export interface HostCall {
  /** Identity of the client that calls, from its certificate. */
  readonly peer: string;
  readonly store: Omit<Store, "spec">;
  /** The store's spec, JSON in UTF-8 as it was sent: an object with exactly one key under `provider`. */
  readonly spec: Uint8Array;
  /** Namespace of the ExternalSecret or PushSecret; empty when a cluster store is validated without one. */
  readonly callerNamespace: string;
  readonly credentials: readonly Credential[];
  /** Equal digests of one peer and store mean equal spec and credentials. Empty: nothing is cached. */
  readonly digest: string;
  /** The store may use the identity of the provider's process. */
  readonly ambient: boolean;
}

/** What the host found out beside the client. */
export interface CallInfo {
  /** The key of `spec.provider` that serves the store. */
  readonly key: string;
  /** For people: fields of the spec that this provider does not know. */
  readonly warnings: readonly string[];
}
