/** Calls that begin in one turn: one would send each answer in a packet of its own, at a third more CPU for small calls. */
const perTurn = 4;

/**
 * Lets few calls begin in a turn of the event loop, the callers' namespaces in rotation. What a call builds in memory
 * without waiting is answered before the next ones begin: a flood of large maps would else be built all at once, and
 * whoever came after it would wait for the whole of it.
 */
export class Turns {
  /** Caller -> who waits, in the order of arrival; a Map's order is the order of turns. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #begun = 0;

  /** Resolves when a call of `caller` may begin: at once, if few have begun in this turn. */
  next(caller: string): Promise<void> {
    if (this.#begun < perTurn) {
      this.#begin();
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(caller);
    if (waiting === undefined) this.#waiting.set(caller, [resolve]);
    else waiting.push(resolve);
    return promise;
  }

  #begin(): void {
    this.#begun += 1;
    if (this.#begun === 1) setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#begun = 0;
    for (let left = perTurn; left > 0; left -= 1) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const [caller, [resolve, ...others]] = first;
      this.#waiting.delete(caller);
      if (others.length > 0) this.#waiting.set(caller, others);
      this.#begin();
      resolve?.();
    }
  }
}
