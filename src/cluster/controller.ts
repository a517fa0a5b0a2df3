import { ProviderError } from "../api/errors.ts";
import type { Clock } from "./clock.ts";
import type { ObjectKey } from "./cluster.ts";
import type { Lane } from "./lanes.ts";
import type { Outcome } from "./outcome.ts";
import { Queue, type QueueClass, type QueueItem, type WakePace } from "./queue.ts";
import type { QueueStats } from "./queue-stats.ts";

/** What makes a controller. */
export interface ControllerOptions {
  /** How many names are reconciled at once. */
  readonly concurrent: number;
  readonly clock: Clock;
  readonly lanes: (key: ObjectKey) => readonly Lane[];
  /** Brings one name in order. What it throws counts as a failure of that name alone. */
  readonly reconcile: (key: ObjectKey, signal: AbortSignal) => Promise<Outcome>;
  /** Hears what `reconcile` threw: a fault of ours, not of the object's. */
  readonly onCrash: (key: ObjectKey, thrown: unknown) => void;
}

/** The loop of one kind: names in, reconciles out. */
export interface Controller {
  enqueue(key: ObjectKey, queueClass: QueueClass): void;
  /** See {@link Queue.wake}. */
  wake(topic: string, pace?: WakePace): void;
  items(): readonly QueueItem[];
  stats(): QueueStats;
  /** Starts nothing more and waits for what runs; after `bound` milliseconds that is aborted, and not waited for. */
  stop(bound: number): Promise<void>;
}

/** Starts a controller; it runs until it is stopped. */
export function startController(options: ControllerOptions): Controller {
  const { concurrent, clock, lanes } = options;
  const running = new Set<Promise<void>>();
  const abort = new AbortController();
  let scheduled = false;
  let stopped = false;

  // A turn later and not at once: whoever enqueues is in the middle of something, and what it enqueues next may go first.
  const queue = new Queue({ concurrent, clock, lanes, onReady: () => schedule() });

  function schedule(): void {
    if (scheduled || stopped) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      startAll();
    });
  }

  function startAll(): void {
    if (stopped) return;
    for (let key = queue.take(); key !== undefined; key = queue.take()) start(key);
  }

  function start(key: ObjectKey): void {
    const run = reconcile(key).then((outcome) => {
      running.delete(run);
      queue.finish(key, outcome);
    });
    running.add(run);
  }

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    try {
      return await options.reconcile(key, abort.signal);
    } catch (thrown) {
      if (!abort.signal.aborted) options.onCrash(key, thrown);
      return { result: "failed", error: ProviderError.from(thrown) };
    }
  }

  return {
    enqueue: (key, queueClass) => queue.enqueue(key, queueClass),
    wake: (topic, pace) => queue.wake(topic, pace),
    items: () => queue.items(),
    stats: () => queue.stats(),
    stop: async (bound) => {
      stopped = true;
      const timeUp = Promise.withResolvers<void>();
      const cancel = clock.schedule(bound, timeUp.resolve);
      await Promise.race([Promise.all(running), timeUp.promise]);
      cancel();
      abort.abort();
      queue.close();
    },
  };
}
