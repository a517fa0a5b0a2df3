import type { MethodDefinition } from "@grpc/grpc-js";
import type { Credential } from "../../api/credential.ts";
import { ProviderError } from "../../api/errors.ts";
import type { Resolver } from "../resolve/endpoint.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import type { CoreStore } from "../store.ts";
import type { Callee } from "./call-error.ts";
import type { Connection, Peer } from "./connection.ts";
import type { ShimMetrics } from "./metrics.ts";
import type { Pool } from "./pool.ts";
import { presentable } from "./presentable.ts";
import { reachPeer, wasNeverSent, type Reached, type ReachOptions } from "./reach.ts";
import { isSameService, servedBy, type Served } from "./served.ts";
import { unary } from "./unary.ts";

/** Longest wait that a provider may ask for, milliseconds. */
const longestRetryAfter = 15 * 60_000;

/** What sessions are opened with. */
export interface SessionOptions {
  readonly resolver: Resolver;
  readonly pool: Pool;
  readonly metrics: ShimMetrics;
}

/** One store's use of a connection to its provider. */
export interface Session {
  /** What the peer says of what the store asks for; undefined: a peer of the prototype, which cannot say. */
  readonly served: Served | undefined;
  readonly peer: Peer;
  readonly call: Call;
  /** A text of the provider, fit to be shown: see {@link presentable}. */
  readonly presentText: (text: string) => string;
  /** An error of the provider with such a text; it may ask for a wait of 15 minutes at most. */
  readonly presentError: (error: ProviderError) => ProviderError;
  /** What the provider is given and no text of it may show. */
  withhold(credentials: readonly Credential[]): void;
  close(): void;
}

/** Calls the provider. `timeout`, milliseconds, is for signals without a deadline. Rejects with ProviderError. */
export type Call = <Request, Response>(
  method: MethodDefinition<Request, Response>,
  request: Request,
  signal: AbortSignal,
  timeout: number,
) => Promise<Response>;

/** For whom a session is. */
export interface SessionUser {
  readonly store: CoreStore;
  readonly signal: AbortSignal;
}

/**
 * Finds a store's provider and what it is. Rejects with ProviderError: as the resolver does, Unavailable and
 * DeadlineExceeded when it cannot be reached, InvalidConfig when it does not serve what the store asks for.
 */
export async function openSession(user: SessionUser, options: SessionOptions): Promise<Session> {
  const { store, signal } = user;
  const { resolver, pool, metrics } = options;
  const endpoint = await resolver.endpoint(store, signal);
  const callee: Callee = { provider: inlineKey(store), serverName: endpoint.serverName };
  if (endpoint.certificates.current() === undefined) {
    throw new ProviderError("Unavailable", "core has no client certificate yet, so it can call no provider");
  }
  const question = { pool, endpoint, callee, metrics };
  const reached = await reachPeer({ ...question, tried: new Set(), signal });
  if (reached === undefined) {
    throw new ResolutionError("ProviderUnavailable", `${endpoint.serverName} has no address that can be called now`);
  }
  try {
    const served = servedBy(reached.peer, store, endpoint.serverName);
    const isLike = ({ peer }: Reached) => isSameService(served, servedBy(peer, store, endpoint.serverName));
    return session({ question, reached, served, isLike });
  } catch (error) {
    reached.release();
    throw error;
  }
}

/** A call, to be made at one connection or another. */
interface Made<T> {
  readonly at: (connection: Connection) => Promise<T>;
  readonly signal: AbortSignal;
}

interface SessionParts {
  readonly question: Omit<ReachOptions, "tried" | "signal">;
  readonly reached: Reached;
  readonly served: Served | undefined;
  /** Whether what was made for this peer can go to another. Throws when that one does not serve the store. */
  readonly isLike: (other: Reached) => boolean;
}

function session({ question, reached, served, isLike }: SessionParts): Session {
  const { callee, metrics } = question;
  let withheld: readonly Credential[] = [];
  const presentText = (text: string) => presentable(text, withheld);
  const presentError = ({ code, message, retryAfter, cause }: ProviderError) =>
    new ProviderError(code, presentText(message), {
      cause,
      ...(retryAfter !== undefined && { retryAfter: Math.min(retryAfter, longestRetryAfter) }),
    });

  /** Another replica for a call that was not sent. What keeps core from that one is not what the call failed of. */
  async function elsewhere(tried: Set<string>, signal: AbortSignal): Promise<Reached | undefined> {
    const other = await reachPeer({ ...question, tried, signal }).catch(() => undefined);
    if (other === undefined) return undefined;
    try {
      if (isLike(other)) return other;
    } catch {
      // It serves other things.
    }
    other.release();
    return undefined;
  }

  async function callAt<T>({ connection }: Reached, tried: Set<string>, call: Made<T>): Promise<T> {
    try {
      return await call.at(connection);
    } catch (thrown) {
      if (!wasNeverSent(thrown)) throw thrown;
      const other = await elsewhere(tried.add(connection.address), call.signal);
      if (other === undefined) throw thrown;
      try {
        return await callAt(other, tried, call);
      } finally {
        other.release();
      }
    }
  }

  return {
    served,
    peer: reached.peer,
    async call(method, request, signal, timeout) {
      const at = (connection: Connection) => unary({ connection, method, request, callee, signal, timeout, metrics });
      try {
        return await callAt(reached, new Set(), { at, signal });
      } catch (thrown) {
        // A text of core's own, and the reason that a store's condition shows.
        throw thrown instanceof ResolutionError ? thrown : presentError(ProviderError.from(thrown));
      }
    },
    presentText,
    presentError,
    withhold(credentials) {
      withheld = credentials;
    },
    close: () => reached.release(),
  };
}
