import { errorTable, type ProviderError } from "../api/errors.ts";

/** First and longest wait of an item that failed (ESO's per-item limiter: 1 s to 7 min), milliseconds. */
export const backoffBounds = { first: 1_000, longest: 7 * 60_000 } as const;

/** Longest wait that a provider may ask for, milliseconds: what it answers is not trusted further. */
export const longestRetryAfter = 15 * 60_000;

/** Waits are stretched by up to a quarter, so that what failed together does not come back together. */
const jitter = 0.25;

/**
 * How long an item waits before its next try, in milliseconds, within {@link backoffBounds}.
 * @param tries how often in a row it was sent back, 1 the first time
 * @param random a number in [0, 1)
 */
export function backoff(tries: number, random: number): number {
  const { first, longest } = backoffBounds;
  return Math.min(first * 2 ** (tries - 1), longest / (1 + jitter)) * (1 + jitter * random);
}

/** The same, for a failure: one that says when to come back is taken at its word, within {@link longestRetryAfter}. */
export function retryDelay(error: ProviderError | undefined, tries: number, random: number): number {
  if (error?.retryAfter === undefined || errorTable[error.code].retry !== "after") return backoff(tries, random);
  const asked = Math.max(error.retryAfter, backoffBounds.first) * (1 + jitter * random);
  return Math.min(asked, longestRetryAfter);
}
