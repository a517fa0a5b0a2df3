import { ProviderError } from "../api/errors.ts";
import { untilAborted } from "../api/until-aborted.ts";

/** Something that a backend lends, say a token. */
export interface Leased<T> {
  readonly value: T;
  /** Milliseconds that it is good for from now; Infinity: it does not end. */
  readonly duration: number;
  readonly renewable: boolean;
}

/** Where leases come from. */
export interface LeaseSource<T> {
  /** A new one. */
  readonly acquire: (signal: AbortSignal) => Promise<Leased<T>>;
  /** The same one for longer. */
  readonly renew: (value: T, signal: AbortSignal) => Promise<Leased<T>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** See {@link createLease}. */
export interface Lease<T> {
  /** The value in use, acquired or renewed first when that is due. Rejects with what `acquire` rejects with. */
  get(signal: AbortSignal): Promise<T>;
  /** The backend refused `value`: the next `get` acquires, unless that happened less than ten seconds ago. */
  refused(value: T): boolean;
  /** The value in use, if there is one; it is not used again. */
  end(): T | undefined;
}

interface State<T> extends Leased<T> {
  readonly acquiredAt: number;
  readonly since: number;
  /** What a new one would be good for. */
  readonly fullDuration: number;
}

/** How long acquiring may take; it serves all callers, so no caller's signal ends it. */
const patience = 30_000;
const freshFor = 10_000;

/**
 * A value that is acquired at first use and renewed by use once half of its time is over; nothing runs while nobody
 * asks. Callers share one acquisition. When renewing fails a new one is acquired; when that fails too, the old one serves
 * to its end.
 */
export function createLease<T>({ acquire, renew, now }: LeaseSource<T>): Lease<T> {
  let state: State<T> | undefined;
  let pending: Promise<T> | undefined;

  const acquireAnew = async (signal: AbortSignal): Promise<State<T>> => {
    const leased = await acquire(signal);
    return { ...leased, acquiredAt: now(), since: now(), fullDuration: leased.duration };
  };
  const renewOrAcquire = async (old: State<T>, signal: AbortSignal): Promise<State<T>> => {
    const renewed = old.renewable ? await renew(old.value, signal).catch(() => undefined) : undefined;
    // Near its maximum age a lease is renewed for less and less.
    if (renewed !== undefined && renewed.duration * 2 >= old.fullDuration) return { ...old, ...renewed, since: now() };
    return acquireAnew(signal);
  };
  const refresh = async (old: State<T> | undefined): Promise<T> => {
    const signal = AbortSignal.timeout(patience);
    try {
      state = old === undefined ? await acquireAnew(signal) : await renewOrAcquire(old, signal);
      return state.value;
    } catch (error) {
      if (old !== undefined && now() < old.since + old.duration) return old.value;
      state = undefined;
      throw ProviderError.from(error);
    }
  };

  return {
    get: async (signal) => {
      if (state !== undefined && now() < state.since + state.duration / 2) return state.value;
      pending ??= refresh(state).finally(() => {
        pending = undefined;
      });
      return untilAborted(pending, signal);
    },
    refused: (value) => {
      if (state?.value !== value) return true;
      if (now() < state.acquiredAt + freshFor) return false;
      state = undefined;
      return true;
    },
    end: () => {
      const value = state?.value;
      state = undefined;
      return value;
    },
  };
}
