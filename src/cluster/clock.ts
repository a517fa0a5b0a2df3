/** Time as the queue sees it, so that tests can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `milliseconds`; returns what cancels it. */
  schedule(milliseconds: number, callback: () => void): () => void;
}

/** The machine's timers, with `now` for the time of day. */
export function systemClock(now: () => number = Date.now): Clock {
  return {
    now,
    schedule: (milliseconds, callback) => {
      const timer = setTimeout(callback, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
