import type { CertificateSource } from "../../wire/certificates.ts";
import type { CoreStore } from "../store.ts";

/** Where a provider listens and how it proves itself. */
export interface Endpoint {
  /**
   * IP addresses and ports to dial, "127.0.0.1:4711" or "[::1]:4711"; at least one, all of one Service: whoever answers
   * at one can do what the others can. Never user text.
   */
  readonly addresses: readonly string[];
  /** The one DNS name that its certificate must carry: `svc.ns.svc`. */
  readonly serverName: string;
  /** Which trust source `certificates` is; part of the pool's key, so that one CA never vouches for another's peers. */
  readonly trust: string;
  readonly certificates: CertificateSource;
}

/** Reference -> endpoint. */
export interface Resolver {
  /**
   * The endpoint that serves a store for its caller. Fails with ResolutionError, or InvalidConfig when the store does not name exactly one key.
   */
  endpoint(store: CoreStore, signal: AbortSignal): Endpoint | Promise<Endpoint>;
}
