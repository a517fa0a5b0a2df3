import type { Clock } from "../src/cluster/clock.ts";

/** A clock that stands until it is told to go on; timers fire at their time, in order. */
export interface VirtualClock extends Clock {
  /** Timers that are set. */
  timers(): number;
  advance(milliseconds: number): void;
}

export function virtualClock(start = 1_000_000): VirtualClock {
  let time = start;
  const timers = new Map<symbol, { readonly at: number; readonly callback: () => void }>();
  return {
    now: () => time,
    schedule: (milliseconds, callback) => {
      const id = Symbol("timer");
      timers.set(id, { at: time + milliseconds, callback });
      return () => timers.delete(id);
    },
    timers: () => timers.size,
    advance: (milliseconds) => {
      const end = time + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at);
        if (next === undefined) break;
        timers.delete(next[0]);
        time = Math.max(time, next[1].at);
        next[1].callback();
      }
      time = end;
    },
  };
}
