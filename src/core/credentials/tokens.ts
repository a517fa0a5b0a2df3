import type { Cluster, ObjectKey, RequestedToken } from "../../cluster/cluster.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createFlights } from "./flights.ts";
import { rereadPause } from "./reread-pause.ts";

/** Life that is asked for, seconds; TokenRequest's minimum. */
const expirationSeconds = 600;
/** Part of its life after which a token is replaced. */
const usableShare = 0.8;
const maxEntries = 1_000;

/** Whose token, and for whom it is good; no audiences: for the API server. */
export interface TokenRef {
  readonly account: ObjectKey;
  readonly audiences: readonly string[];
}

/** Requests tokens; both reject as Cluster.token does. */
export interface Tokens {
  read(ref: TokenRef, signal: AbortSignal): Promise<RequestedToken>;
  /** Requests another token than `read` gave, unless that one is younger than ten seconds. True: there is one. */
  reread(ref: TokenRef, signal: AbortSignal): Promise<boolean>;
}

interface Held {
  readonly token: RequestedToken;
  /** ServiceAccount that it was requested for, as the view had it. */
  readonly version: string;
  readonly askedAt: number;
  readonly renewAt: number;
}

/**
 * Requests tokens and hands out each until 80 % of its life are over, or the ServiceAccount changed: a new one of the
 * same name is somebody else, and annotations travel with the token.
 * @param now milliseconds since the epoch
 */
export function createTokens(cluster: Pick<Cluster, "token" | "referencedVersion">, now: () => number): Tokens {
  const cache = createBoundedCache<Held>(maxEntries, Number.POSITIVE_INFINITY);
  const share = createFlights<RequestedToken>();

  function ask(ref: TokenRef, why: string, signal: AbortSignal): Promise<RequestedToken> {
    const { account, audiences } = ref;
    const version = versionOf(account);
    return share(`${idOf(ref)} ${version} ${why}`, signal, async (shared) => {
      const askedAt = now();
      const token = await cluster.token(account, audiences, expirationSeconds, shared);
      const renewAt = askedAt + (token.expiresAt - askedAt) * usableShare;
      cache.set(idOf(ref), { token, version, askedAt, renewAt }, 0);
      return token;
    });
  }

  function versionOf(account: ObjectKey): string {
    const { uid, resourceVersion } = cluster.referencedVersion("ServiceAccount", account) ?? {};
    return `${uid}/${resourceVersion}`;
  }

  return {
    async read(ref, signal) {
      const held = cache.get(idOf(ref));
      if (held !== undefined && now() < held.renewAt && held.version === versionOf(ref.account)) return held.token;
      return ask(ref, "", signal);
    },
    async reread(ref, signal) {
      const held = cache.get(idOf(ref));
      if (held === undefined || now() - held.askedAt < rereadPause) return false;
      await ask(ref, "again", signal);
      return true;
    },
  };
}

function idOf({ account, audiences }: TokenRef): string {
  return JSON.stringify([account.namespace, account.name, audiences]);
}
