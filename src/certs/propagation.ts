import type { Reach } from "./ca-step.ts";

interface Seen {
  /** The state of the CA that its Secret agrees with; undefined: it has nothing of ours. */
  readonly revision: string | undefined;
  /** Since when. */
  readonly movedAt: number;
}

/** Which Secrets agree with which state of the CA, and since when: what the end of an overlap depends on. */
export class Propagation {
  readonly #seen = new Map<string, Seen>();

  /**
   * A Secret was read or written.
   * @param revision undefined: it is not there, or not ours, and nobody serves with it
   */
  saw(id: string, revision: string | undefined, now: number): void {
    const before = this.#seen.get(id);
    if (before === undefined || before.revision !== revision) this.#seen.set(id, { revision, movedAt: now });
  }

  /** A Secret was made. Where there was none nobody has what came before. */
  created(id: string, revision: string, now: number): void {
    const isFirst = this.#seen.get(id)?.revision === undefined;
    this.#seen.set(id, { revision, movedAt: isFirst ? Number.NEGATIVE_INFINITY : now });
  }

  /** A Secret could not be read; as long as nothing is known of it nobody waits for it. */
  failed(id: string): void {
    if (!this.#seen.has(id)) this.saw(id, undefined, Number.NEGATIVE_INFINITY);
  }

  forget(id: string): void {
    this.#seen.delete(id);
  }

  /** How far `revision` has reached `ids`. Those not looked at yet lag. */
  reach(ids: Iterable<string>, revision: string): Reach {
    let lagging = 0;
    let movedAt = Number.NEGATIVE_INFINITY;
    for (const id of ids) {
      const seen = this.#seen.get(id);
      if (seen === undefined) lagging += 1;
      else if (seen.revision === revision) movedAt = Math.max(movedAt, seen.movedAt);
      else if (seen.revision !== undefined) lagging += 1;
    }
    return { lagging, movedAt };
  }
}
