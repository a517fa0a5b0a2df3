import type { MethodDefinition } from "@grpc/grpc-js";
import type { Credential } from "../../api/credential.ts";
import { ProviderError } from "../../api/errors.ts";
import type { Store } from "../../api/provider.ts";
import type { ServedKey } from "../../wire/describe.ts";
import type { Resolver } from "../resolve/endpoint.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import type { Callee } from "./call-error.ts";
import type { ShimMetrics } from "./metrics.ts";
import { findPeer } from "./peer.ts";
import type { Lease, Pool } from "./pool.ts";
import { presentable } from "./presentable.ts";
import { unary } from "./unary.ts";

/** Longest wait that a provider may ask for, milliseconds. */
const longestRetryAfter = 15 * 60_000;

/** What sessions are opened with. */
export interface SessionOptions {
  readonly resolver: Resolver;
  readonly pool: Pool;
  readonly metrics: ShimMetrics;
}

/** One store's use of the connection to its provider. */
export interface Session {
  /** What the peer says of the store's key; undefined: a peer of the prototype, which cannot say. */
  readonly served: ServedKey | undefined;
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
  readonly store: Store;
  /** Empty when a cluster store is looked at without a caller. */
  readonly callerNamespace: string;
  readonly signal: AbortSignal;
}

/**
 * Finds a store's provider and what it is. Rejects with ProviderError: as the resolver does, Unavailable and
 * DeadlineExceeded when it cannot be reached, InvalidConfig when it does not serve the store's key.
 */
export async function openSession(user: SessionUser, options: SessionOptions): Promise<Session> {
  const { store, callerNamespace, signal } = user;
  const { resolver, pool, metrics } = options;
  const key = inlineKey(store);
  const endpoint = await resolver.endpoint(store, callerNamespace, signal);
  const callee: Callee = { provider: key, serverName: endpoint.serverName };
  if (endpoint.certificates.current() === undefined) {
    throw new ProviderError("Unavailable", "core has no client certificate yet, so it can call no provider");
  }
  const lease = pool.lease(endpoint);
  try {
    const peer = await findPeer({ connection: lease.connection, callee, metrics, signal });
    if (!peer.outboard) return session(lease, callee, metrics, undefined);
    const served = peer.description.keys.find((candidate) => candidate.key === key);
    if (served !== undefined) return session(lease, callee, metrics, served);
    throw new ProviderError(
      "InvalidConfig",
      `the provider at ${endpoint.serverName} does not serve ${JSON.stringify(key)}`,
    );
  } catch (error) {
    lease.release();
    throw error;
  }
}

function session(lease: Lease, callee: Callee, metrics: ShimMetrics, served: ServedKey | undefined): Session {
  let withheld: readonly Credential[] = [];
  const presentText = (text: string) => presentable(text, withheld);
  const presentError = ({ code, message, retryAfter, cause }: ProviderError) =>
    new ProviderError(code, presentText(message), {
      cause,
      ...(retryAfter !== undefined && { retryAfter: Math.min(retryAfter, longestRetryAfter) }),
    });
  return {
    served,
    async call(method, request, signal, timeout) {
      const { connection } = lease;
      try {
        return await unary({ connection, method, request, callee, signal, timeout, metrics });
      } catch (thrown) {
        throw presentError(ProviderError.from(thrown));
      }
    },
    presentText,
    presentError,
    withhold(credentials) {
      withheld = credentials;
    },
    close: () => lease.release(),
  };
}
