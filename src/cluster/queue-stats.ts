/** What the metrics show of one class: how many items are ready, and how long the first is overdue (milliseconds). */
export interface ClassStats {
  readonly depth: number;
  readonly oldest: number;
}

/** What the metrics show of a queue. */
export interface QueueStats {
  readonly changed: ClassStats;
  readonly woken: ClassStats;
  readonly due: ClassStats;
  readonly active: number;
  /** Items that are due later. */
  readonly delayed: number;
}

/** The figures of one class, from when its items were due. */
export function classStats(dueTimes: Iterable<number>, now: number): ClassStats {
  let depth = 0;
  let oldest = 0;
  for (const dueAt of dueTimes) {
    depth += 1;
    oldest = Math.max(oldest, now - dueAt);
  }
  return { depth, oldest };
}
