/** Tells of servers that started again: of each at once, and then at most every so often, the last time included. */
export class Restarts {
  readonly #pause: number;
  readonly #listeners = new Set<(serverName: string) => void>();
  /** Servers that were told of within the pause, and whether they started again since. */
  readonly #told = new Map<string, { again: boolean; readonly timer: NodeJS.Timeout }>();

  /** @param pause milliseconds */
  constructor(pause: number) {
    this.#pause = pause;
  }

  /** Returns what ends it. */
  listen(listener: (serverName: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  tell(serverName: string): void {
    const told = this.#told.get(serverName);
    if (told !== undefined) {
      told.again = true;
      return;
    }
    const timer = setTimeout(() => this.#pauseEnded(serverName), this.#pause).unref();
    this.#told.set(serverName, { again: false, timer });
    for (const listener of this.#listeners) listener(serverName);
  }

  close(): void {
    for (const { timer } of this.#told.values()) clearTimeout(timer);
    this.#told.clear();
  }

  #pauseEnded(serverName: string): void {
    const again = this.#told.get(serverName)?.again;
    this.#told.delete(serverName);
    if (again === true) this.tell(serverName);
  }
}
