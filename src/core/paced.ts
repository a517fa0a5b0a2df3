import type { Clock } from "../cluster/clock.ts";

/** Tells of a thing at once, and after that once in a while at most; what comes meanwhile is told once, in the end. */
export class Paced {
  readonly #pause: number;
  readonly #clock: Pick<Clock, "schedule">;
  readonly #tell: (id: string) => void;
  /** What was told within the pause, and whether there was something to tell since. */
  readonly #told = new Map<string, { again: boolean; readonly cancel: () => void }>();

  /** @param pause milliseconds */
  constructor(pause: number, clock: Pick<Clock, "schedule">, tell: (id: string) => void) {
    this.#pause = pause;
    this.#clock = clock;
    this.#tell = tell;
  }

  tell(id: string): void {
    const told = this.#told.get(id);
    if (told !== undefined) {
      told.again = true;
      return;
    }
    this.#told.set(id, { again: false, cancel: this.#clock.schedule(this.#pause, () => this.#pauseEnded(id)) });
    this.#tell(id);
  }

  /** Tells nothing more that waits. */
  close(): void {
    for (const { cancel } of this.#told.values()) cancel();
    this.#told.clear();
  }

  #pauseEnded(id: string): void {
    const again = this.#told.get(id)?.again;
    this.#told.delete(id);
    if (again === true) this.tell(id);
  }
}
