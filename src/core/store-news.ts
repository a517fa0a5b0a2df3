import type { WakePace } from "../cluster/queue.ts";
import type { StoreLook } from "./controllers/store/run.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { firstLookTopic, storeTopic } from "./topics.ts";

/** Who waits for a store is woken when a look at it brought news: after it was mended, and not before. */
export class StoreNews {
  readonly #wake: (topic: string, pace?: WakePace) => void;
  readonly #forget: (ref: StoreRef) => void;
  /** Stores that changed, or a credential of which did, or that may have become Ready, since they were last found so. */
  readonly #changed = new Set<string>();

  constructor(wake: (topic: string, pace?: WakePace) => void, forget: (ref: StoreRef) => void) {
    this.#wake = wake;
    this.#forget = forget;
  }

  /** The store or a credential of it changed. */
  changed(ref: StoreRef): void {
    this.#changed.add(storeTopic(ref));
  }

  /** The store was looked at. */
  looked(ref: StoreRef, look: StoreLook): void {
    const topic = storeTopic(ref);
    if (look === "gone") {
      this.#changed.delete(topic);
      this.#forget(ref);
      this.#wake(firstLookTopic(ref), "at-once");
      return;
    }
    if (look === "unwritten") {
      this.#changed.add(topic);
      return;
    }
    // At each look, for the first one may not have been heard of; then nothing has failed on it, so nothing goes easy.
    this.#wake(firstLookTopic(ref), "at-once");
    if (!look.ready) return;
    const changed = this.#changed.delete(topic);
    if (changed || look.before !== "Ready") this.#wake(topic);
  }
}
