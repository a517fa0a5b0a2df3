/** Something that an item occupies while it runs, and the part of all workers that may occupy it at once. */
export interface Lane {
  /** "provider:vault", "store:SecretStore/team-a/backend". */
  readonly name: string;
  /** 0.5: at most half of the workers; always at least one. */
  readonly share: number;
}

/** How many workers are in each lane, so that one backend that hangs does not hold them all. */
export class Lanes {
  readonly #workers: number;
  readonly #used = new Map<string, number>();

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** Whether every lane has room for one more. */
  free(lanes: readonly Lane[]): boolean {
    return lanes.every((lane) => {
      const limit = Math.max(1, Math.floor(this.#workers * lane.share));
      return (this.#used.get(lane.name) ?? 0) < limit;
    });
  }

  enter(lanes: readonly Lane[]): void {
    for (const { name } of lanes) this.#used.set(name, (this.#used.get(name) ?? 0) + 1);
  }

  leave(lanes: readonly Lane[]): void {
    for (const { name } of lanes) {
      const left = (this.#used.get(name) ?? 0) - 1;
      if (left > 0) this.#used.set(name, left);
      else this.#used.delete(name);
    }
  }
}
