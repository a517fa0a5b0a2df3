import type { ProviderError } from "../api/errors.ts";
import { backoff, retryDelay } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { keyId, type ObjectKey } from "./cluster.ts";
import { Delayed } from "./delayed.ts";
import { FairQueue } from "./fair-queue.ts";
import { Lanes, type Lane } from "./lanes.ts";
import type { Outcome } from "./outcome.ts";
import { classStats, type QueueStats } from "./queue-stats.ts";
import { Topics } from "./topics.ts";
import { wakeDelay, wakeJitter } from "./wake-pacing.ts";

/**
 * Why an item runs, the most urgent first: somebody changed something and looks at the screen, what it failed on is
 * back, or it is merely due.
 */
const queueClasses = ["changed", "woken", "due"] as const;
export type QueueClass = (typeof queueClasses)[number];

/** How fast what waited for a topic comes back. */
export type WakePace = "paced" | "at-once";

/** One item that the queue knows. */
export interface QueueItem {
  readonly key: ObjectKey;
  readonly active: boolean;
  /** When it is due, milliseconds since the epoch; absent: when something changes. */
  readonly dueAt?: number;
  /** How often in a row it failed. */
  readonly failures: number;
  readonly error?: ProviderError;
}

/** What a {@link Queue} needs. */
export interface QueueOptions {
  /** How many items run at once. */
  readonly concurrent: number;
  readonly clock: Clock;
  /** What an item will occupy while it runs; asked when it becomes ready. */
  readonly lanes: (key: ObjectKey) => readonly Lane[];
  /** Called when there may be something to take. */
  readonly onReady: () => void;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
}

interface Item {
  readonly key: ObjectKey;
  readonly id: string;
  readonly namespace: string;
  lanes: readonly Lane[];
  queueClass: QueueClass;
  active: boolean;
  dueAt: number;
  /** How often in a row it came back without success. */
  tries: number;
  error: ProviderError | undefined;
  /** Enqueued while active: run again after. */
  again: QueueClass | undefined;
  /** Topics woken while active: what it is failing on may be back already. */
  readonly woken: Set<string>;
}

/** Longest timer: Node's end at 2^31 ms, and a look once a day costs nothing. */
const longestTimer = 24 * 60 * 60_000;

/**
 * The work queue of one controller: names that are due, each at most once and never running twice. It decides what runs
 * next; `take` and `finish` are called by the controller's loop. One timer, for what is due next.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #items = new Map<string, Item>();
  readonly #active = new Set<Item>();
  readonly #delayed = new Delayed<Item>();
  readonly #ready: Readonly<Record<QueueClass, FairQueue<Item>>> = {
    changed: new FairQueue(),
    woken: new FairQueue(),
    due: new FairQueue(),
  };
  readonly #topics = new Topics<Item>();
  readonly #lanes: Lanes;
  readonly #random: () => number;
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.concurrent);
    this.#random = options.random ?? Math.random;
  }

  /** Makes `key` due now. While it runs: once more, after. What is ready already keeps its turn. */
  enqueue(key: ObjectKey, queueClass: QueueClass): void {
    const item = this.#item(key);
    if (item.active) {
      if (item.again === undefined || isMoreUrgent(queueClass, item.again)) item.again = queueClass;
    } else if (!this.#isReady(item) || isMoreUrgent(queueClass, item.queueClass)) {
      this.#makeReady(item, queueClass, this.#options.clock.now());
    }
  }

  /** Makes due what waits for `topic`: all at once, or paced by {@link wakeDelay} after something had failed. */
  wake(topic: string, pace: WakePace = "paced"): void {
    const now = this.#options.clock.now();
    for (const item of this.#active) item.woken.add(topic);
    for (const [index, item] of this.#topics.take(topic).entries()) {
      const dueAt = now + (pace === "paced" ? wakeDelay(index) + wakeJitter * this.#random() : 0);
      if (!this.#isReady(item)) {
        if (dueAt < item.dueAt) this.#delay(item, dueAt, "woken");
      } else if (isMoreUrgent("woken", item.queueClass)) {
        this.#makeReady(item, "woken", item.dueAt);
      }
    }
    this.#release();
  }

  /** The next item to run, if there is one, and a worker and room in its lanes for it. */
  take(): ObjectKey | undefined {
    if (this.#active.size >= this.#options.concurrent) return undefined;
    const free = (lanes: readonly Lane[]) => this.#lanes.free(lanes);
    const item = this.#ready.changed.take(free) ?? this.#ready.woken.take(free) ?? this.#ready.due.take(free);
    if (item === undefined) return undefined;
    item.active = true;
    item.woken.clear();
    this.#topics.set(item, []);
    this.#active.add(item);
    this.#lanes.enter(item.lanes);
    return item.key;
  }

  /** Says how the run of an item that was taken ended. */
  finish(key: ObjectKey, outcome: Outcome): void {
    const item = this.#items.get(keyId(key));
    if (item === undefined || !item.active) throw new Error(`${keyId(key)} is not running`);
    item.active = false;
    item.dueAt = Number.POSITIVE_INFINITY;
    this.#active.delete(item);
    this.#lanes.leave(item.lanes);
    const kept = this.#settle(item, outcome);
    const again = item.again;
    item.again = undefined;
    if (again !== undefined) this.#makeReady(item, again, this.#options.clock.now());
    else if (!kept) this.#items.delete(item.id);
    this.#options.onReady();
  }

  /** All that the queue knows of. */
  items(): readonly QueueItem[] {
    return Array.from(this.#items.values(), (item) => ({
      key: item.key,
      active: item.active,
      failures: item.error === undefined ? 0 : item.tries,
      ...(Number.isFinite(item.dueAt) && { dueAt: item.dueAt }),
      ...(item.error !== undefined && { error: item.error }),
    }));
  }

  stats(): QueueStats {
    const now = this.#options.clock.now();
    const dueTimes = (queueClass: QueueClass) => Array.from(this.#ready[queueClass].values(), (item) => item.dueAt);
    return {
      changed: classStats(dueTimes("changed"), now),
      woken: classStats(dueTimes("woken"), now),
      due: classStats(dueTimes("due"), now),
      active: this.#active.size,
      delayed: this.#delayed.size,
    };
  }

  /** Ends the timer; nothing becomes due any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #item(key: ObjectKey): Item {
    const id = keyId(key);
    const known = this.#items.get(id);
    if (known !== undefined) return known;
    const item: Item = {
      key,
      id,
      namespace: key.namespace,
      lanes: [],
      queueClass: "due",
      active: false,
      dueAt: Number.POSITIVE_INFINITY,
      tries: 0,
      error: undefined,
      again: undefined,
      woken: new Set(),
    };
    this.#items.set(id, item);
    return item;
  }

  /** Whether there is anything left to know of the item. */
  #settle(item: Item, outcome: Outcome): boolean {
    const now = this.#options.clock.now();
    const waitsFor = ("waitsFor" in outcome && outcome.waitsFor) || [];
    // What was woken while it ran may be back already: soon, but not at once, or the two could chase each other.
    const missed = waitsFor.some((topic) => item.woken.has(topic));
    this.#topics.set(item, missed ? [] : waitsFor);
    if (outcome.result === "done") {
      item.tries = 0;
      item.error = undefined;
    } else {
      item.tries += 1;
      item.error = outcome.result === "again" ? undefined : outcome.error;
    }
    if (missed) this.#delay(item, now + backoff(1, this.#random()), "woken");
    else if (outcome.result === "done" && outcome.after !== undefined) this.#delay(item, now + outcome.after, "due");
    else if (outcome.result === "failed" || outcome.result === "again")
      this.#delay(item, now + retryDelay(item.error, item.tries, this.#random()), "due");
    return Number.isFinite(item.dueAt) || item.error !== undefined || waitsFor.length > 0;
  }

  #makeReady(item: Item, queueClass: QueueClass, dueAt: number): void {
    this.#delayed.remove(item);
    this.#ready[item.queueClass].remove(item);
    item.queueClass = queueClass;
    item.dueAt = dueAt;
    item.lanes = this.#options.lanes(item.key);
    this.#ready[queueClass].put(item);
    this.#options.onReady();
  }

  #isReady(item: Item): boolean {
    return this.#ready[item.queueClass].has(item);
  }

  #delay(item: Item, dueAt: number, queueClass: QueueClass): void {
    item.queueClass = queueClass;
    item.dueAt = dueAt;
    this.#delayed.put(item, dueAt);
    this.#setTimer();
  }

  #release(): void {
    const now = this.#options.clock.now();
    for (let item = this.#delayed.take(now); item !== undefined; item = this.#delayed.take(now)) {
      this.#makeReady(item, item.queueClass, item.dueAt);
    }
    this.#setTimer();
  }

  #setTimer(): void {
    const dueAt = this.#delayed.nextDueAt;
    if (this.#closed || dueAt === undefined || (this.#timer !== undefined && this.#timer.dueAt <= dueAt)) return;
    this.#timer?.cancel();
    const wait = Math.min(Math.max(0, dueAt - this.#options.clock.now()), longestTimer);
    const cancel = this.#options.clock.schedule(wait, () => {
      this.#timer = undefined;
      this.#release();
    });
    this.#timer = { dueAt, cancel };
  }
}

function isMoreUrgent(a: QueueClass, b: QueueClass): boolean {
  return queueClasses.indexOf(a) < queueClasses.indexOf(b);
}
