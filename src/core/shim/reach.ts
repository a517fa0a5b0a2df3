import type { Endpoint } from "../resolve/endpoint.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import type { Connection, Peer } from "./connection.ts";
import { findPeer, type PeerQuestion } from "./peer.ts";
import type { Pool } from "./pool.ts";

/** A connection in use, and what is at its other end. */
export interface Reached {
  readonly connection: Connection;
  readonly peer: Peer;
  readonly release: () => void;
}

/** Whom {@link reachPeer} looks for. */
export interface ReachOptions extends Omit<PeerQuestion, "connection"> {
  readonly pool: Pool;
  readonly endpoint: Endpoint;
  /** Addresses that are out of the question; those that cannot be reached are added. */
  readonly tried: Set<string>;
}

/**
 * A peer at one of an endpoint's addresses, each tried once. Undefined when all were tried before; rejects with the
 * ProviderError of the last one that was tried now.
 */
export async function reachPeer(options: ReachOptions): Promise<Reached | undefined> {
  const { pool, endpoint, tried, ...question } = options;
  const lease = pool.lease(endpoint, tried);
  if (lease === undefined) return undefined;
  const { connection, release } = lease;
  try {
    return { connection, release, peer: await findPeer({ ...question, connection }) };
  } catch (thrown) {
    release();
    if (!wasNeverSent(thrown)) throw thrown;
    tried.add(connection.address);
    const other = await reachPeer(options);
    if (other === undefined) throw thrown;
    return other;
  }
}

/** Whether a call surely never got to its peer, so that it can be made to another. */
export function wasNeverSent(thrown: unknown): boolean {
  return thrown instanceof ResolutionError;
}
