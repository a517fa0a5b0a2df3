import { setTimeout as sleep } from "node:timers/promises";

/** Requests per second, and how many may go at once after a rest. */
export interface Rate {
  readonly qps: number;
  readonly burst: number;
}

/** Resolves when one more request may go; in the order of the calls. Rejects when the signal aborts. */
export type RateLimit = (signal: AbortSignal) => Promise<void>;

/** A token bucket. `now` is milliseconds. */
export function createRateLimit({ qps, burst }: Rate, now: () => number): RateLimit {
  let tokens = burst;
  let at = now();
  return async (signal) => {
    tokens = Math.min(burst, tokens + ((now() - at) * qps) / 1_000) - 1;
    at = now();
    // Below zero: what those before us have taken of the future.
    if (tokens < 0) await sleep((-tokens / qps) * 1_000, undefined, { signal });
  };
}
