import type { Clock } from "../cluster/clock.ts";
import { keyId, type ObjectKey } from "../cluster/cluster.ts";

/** Milliseconds from the first change until what changed is looked at. */
const period = 1_000;

/** Gathers what changed, so that Services that come one after another cost one certificate and not one each. */
export class Changes {
  readonly #clock: Pick<Clock, "schedule">;
  readonly #flush: (key: ObjectKey) => void;
  readonly #waiting = new Map<string, ObjectKey>();
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, "schedule">, flush: (key: ObjectKey) => void) {
    this.#clock = clock;
    this.#flush = flush;
  }

  add(key: ObjectKey): void {
    this.#waiting.set(keyId(key), key);
    this.#cancel ??= this.#clock.schedule(period, () => {
      this.#cancel = undefined;
      const keys = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const each of keys) this.#flush(each);
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}
