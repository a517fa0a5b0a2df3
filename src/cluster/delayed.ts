interface Entry<T> {
  readonly value: T;
  readonly dueAt: number;
}

/** Values ordered by when they are due: a binary heap that knows where each value is, so that one can be taken out. */
export class Delayed<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #positions = new Map<T, number>();

  get size(): number {
    return this.#heap.length;
  }

  /** When the first value is due; undefined: there is none. */
  get nextDueAt(): number | undefined {
    return this.#heap[0]?.dueAt;
  }

  /** Puts a value in, or moves it to another time. */
  put(value: T, dueAt: number): void {
    this.remove(value);
    this.#place({ value, dueAt }, this.#heap.length);
    this.#rise(this.#heap.length - 1);
  }

  /** Takes a value out, if it is there. */
  remove(value: T): void {
    const position = this.#positions.get(value);
    if (position === undefined) return;
    this.#positions.delete(value);
    const last = this.#heap.pop();
    if (last === undefined || position === this.#heap.length) return;
    this.#place(last, position);
    this.#rise(position);
    this.#sink(position);
  }

  /** Takes the first value out if it is due at `now`. */
  take(now: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueAt > now) return undefined;
    this.remove(first.value);
    return first.value;
  }

  #place(entry: Entry<T>, position: number): void {
    this.#heap[position] = entry;
    this.#positions.set(entry.value, position);
  }

  #dueAt(position: number): number {
    return this.#heap[position]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#place(first, b);
    this.#place(second, a);
  }

  #rise(position: number): void {
    let child = position;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(position: number): void {
    let parent = position;
    for (;;) {
      const left = 2 * parent + 1;
      const child = this.#dueAt(left + 1) < this.#dueAt(left) ? left + 1 : left;
      if (this.#dueAt(child) >= this.#dueAt(parent)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }
}
