/** What waits for which topic ("provider:vault", "store:SecretStore/team-a/backend"). */
export class Topics<T> {
  readonly #waiting = new Map<string, Set<T>>();
  readonly #topics = new Map<T, readonly string[]>();

  /** From now on `item` waits for these topics and for no others. */
  set(item: T, topics: readonly string[]): void {
    for (const topic of this.#topics.get(item) ?? []) {
      const waiting = this.#waiting.get(topic);
      waiting?.delete(item);
      if (waiting?.size === 0) this.#waiting.delete(topic);
    }
    if (topics.length === 0) this.#topics.delete(item);
    else this.#topics.set(item, topics);
    for (const topic of topics) this.#waiting.set(topic, (this.#waiting.get(topic) ?? new Set<T>()).add(item));
  }

  /** What waits for `topic`, in the order it began to; it waits for nothing any more. */
  take(topic: string): readonly T[] {
    const items = [...(this.#waiting.get(topic) ?? [])];
    for (const item of items) this.set(item, []);
    return items;
  }
}
