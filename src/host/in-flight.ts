import { ProviderError } from "../api/errors.ts";
import type { HostLimits } from "./limits.ts";

/** Whose call it is. */
export interface InFlightCall {
  readonly peer: string;
  readonly storeUid: string;
  /** Callers of several namespaces use the store. */
  readonly clusterStore: boolean;
  readonly callerNamespace: string;
}

/** How long a caller that was turned away should wait, milliseconds. */
const retryAfter = 1_000;

/**
 * Counts the calls in flight and turns away what is beyond the limits: a store that hangs holds no other one, and one
 * namespace never takes more than half of what it shares with others. Nothing waits here; core's queue does.
 */
export class InFlight {
  readonly #limits: Pick<HostLimits, "inFlight" | "inFlightPerStore">;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(limits: Pick<HostLimits, "inFlight" | "inFlightPerStore">) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Counts a call; the result takes it off again, once. Throws ProviderError RateLimited beyond a limit. */
  enter(call: InFlightCall): () => void {
    const bounds = this.#bounds(call);
    const full = bounds.find(({ counter, limit }) => this.#count(counter) >= limit);
    if (full !== undefined || this.#total >= this.#limits.inFlight) {
      const where = full?.what ?? "this provider";
      throw new ProviderError("RateLimited", `too many calls in flight for ${where}`, { retryAfter });
    }
    this.#add(bounds, 1);
    let inside = true;
    return () => {
      if (inside) this.#add(bounds, -1);
      inside = false;
    };
  }

  #bounds({ peer, storeUid, clusterStore, callerNamespace }: InFlightCall): readonly Bound[] {
    const { inFlight, inFlightPerStore } = this.#limits;
    const store = { counter: key("store", peer, storeUid), limit: inFlightPerStore, what: "this store" };
    const namespace = {
      counter: key("namespace", peer, callerNamespace),
      limit: half(inFlight),
      what: "this namespace",
    };
    if (!clusterStore) return [store, namespace];
    const share = key("share", peer, storeUid, callerNamespace);
    return [store, namespace, { counter: share, limit: half(inFlightPerStore), what: "this store and namespace" }];
  }

  #count(counter: string): number {
    return this.#counts.get(counter) ?? 0;
  }

  #add(bounds: readonly Bound[], change: 1 | -1): void {
    this.#total += change;
    for (const { counter } of bounds) {
      const count = this.#count(counter) + change;
      if (count === 0) this.#counts.delete(counter);
      else this.#counts.set(counter, count);
    }
  }
}

interface Bound {
  readonly counter: string;
  readonly limit: number;
  readonly what: string;
}

function half(limit: number): number {
  return Math.ceil(limit / 2);
}

function key(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
