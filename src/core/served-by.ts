import type { CoreStore } from "./store.ts";

/** What answers for a store. */
export interface PeerInfo {
  /** "SERVICE.NAMESPACE.svc:PORT"; without a port where that is an endpoint's own. */
  readonly endpoint: string;
  /** "outboard.v1", or "provider.v1" for a peer of the prototype. */
  readonly protocol: string;
  /** Empty: it does not say. */
  readonly version: string;
}

/** What can be said of who serves a store. */
export interface ServedBy {
  /** Undefined: it cannot be told now. Never rejects. */
  peer(store: CoreStore, signal: AbortSignal): Promise<PeerInfo | undefined>;
  /** Several Services are approved for what a store asks for: who they are. */
  conflict(store: CoreStore): string | undefined;
}

/** Name of the server that a store's calls go to now; undefined: there is none. Never rejects. */
export type ServerOf = (store: CoreStore, signal: AbortSignal) => Promise<string | undefined>;
