import type { Cluster, ObjectKey, RequestedToken } from "../../cluster/cluster.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createFlights } from "./flights.ts";

/** Life that is asked for, seconds; TokenRequest's minimum. */
const expirationSeconds = 600;
/** Part of its life after which a token is replaced. */
const usableShare = 0.8;
const maxEntries = 1_000;

/** A token of a ServiceAccount for these audiences. Rejects as Cluster.token does. */
export type ReadToken = (
  account: ObjectKey,
  audiences: readonly string[],
  signal: AbortSignal,
) => Promise<RequestedToken>;

interface Held {
  readonly token: RequestedToken;
  readonly renewAt: number;
}

/** Requests tokens and hands out each until 80 % of its life are over. */
export function createTokens(cluster: Pick<Cluster, "token">, now: () => number): ReadToken {
  const cache = createBoundedCache<Held>(maxEntries, Number.POSITIVE_INFINITY);
  const share = createFlights<RequestedToken>();

  return async (account, audiences, signal) => {
    const id = JSON.stringify([account.namespace, account.name, audiences]);
    const held = cache.get(id);
    if (held !== undefined && now() < held.renewAt) return held.token;
    return share(id, signal, async (shared) => {
      const asked = now();
      const token = await cluster.token(account, audiences, expirationSeconds, shared);
      cache.set(id, { token, renewAt: asked + (token.expiresAt - asked) * usableShare }, 0);
      return token;
    });
  };
}
