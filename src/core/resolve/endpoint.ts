import type { Store } from "../../api/provider.ts";
import type { CertificateSource } from "../../wire/certificates.ts";

/** Where a provider listens and how it proves itself. */
export interface Endpoint {
  /** IP address and port to dial, "127.0.0.1:4711" or "[::1]:4711". Never user text. */
  readonly address: string;
  /** The one DNS name that its certificate must carry: `svc.ns.svc`. */
  readonly serverName: string;
  /** Which trust source `certificates` is; part of the pool's key, so that one CA never vouches for another's peers. */
  readonly trust: string;
  readonly certificates: CertificateSource;
}

/** Reference -> endpoint. */
export interface Resolver {
  /**
   * The endpoint that serves a store for a caller. `callerNamespace` is empty when a cluster store is validated without
   * one. Fails with ResolutionError, or InvalidConfig when the store does not name exactly one key.
   */
  endpoint(store: Store, callerNamespace: string, signal: AbortSignal): Endpoint | Promise<Endpoint>;
}
