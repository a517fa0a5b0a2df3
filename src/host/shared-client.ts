import { withinDeadline } from "../api/deadline.ts";
import type { SecretsClient } from "../api/provider.ts";
import { untilAborted } from "../api/until-aborted.ts";

/**
 * A client that several calls use at once, from its creation to its close. Its creation belongs to no single call: it
 * goes on while anyone waits for it, at most `creationTimeout` milliseconds. Once retired, the client is closed as soon
 * as nobody uses it.
 */
export class SharedClient {
  /** Settles when the client has been closed, or need not be. */
  readonly closed: Promise<void>;
  readonly #creation: Promise<SecretsClient>;
  readonly #abort = new AbortController();
  readonly #finish: () => void;
  #state: "creating" | "ready" | "failed" = "creating";
  #users = 0;
  #retired = false;

  constructor(create: (signal: AbortSignal) => Promise<SecretsClient>, creationTimeout: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#finish = resolve;
    this.#creation = withinDeadline(this.#abort.signal, creationTimeout, async (signal) => {
      const creating = create(signal);
      try {
        return await untilAborted(creating, signal);
      } catch (error) {
        // It may still come, from a provider that does not listen to the signal: nobody else would close it.
        creating.then(close, ignore);
        throw error;
      }
    });
    this.#creation.then(
      () => (this.#state = "ready"),
      () => (this.#state = "failed"),
    );
  }

  /** Whether further calls may take it. */
  get usable(): boolean {
    return !this.#retired && this.#state !== "failed";
  }

  get users(): number {
    return this.#users;
  }

  /** The client, once it is there. Whoever got it calls `release` when done; when this rejects, there is nothing to do. */
  async take(signal: AbortSignal): Promise<SecretsClient> {
    this.#users += 1;
    if (this.#state === "ready") return this.#creation;
    try {
      return await untilAborted(this.#creation, signal);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    this.#users -= 1;
    // Nobody waits for its creation any more, or its creation failed.
    if (this.#users === 0 && this.#state !== "ready") this.#retired = true;
    if (this.#users === 0 && this.#retired) this.#close();
  }

  /** No further call takes it; those that use it go on. */
  retire(): void {
    if (this.#retired) return;
    this.#retired = true;
    if (this.#users === 0) this.#close();
  }

  #close(): void {
    this.#abort.abort();
    this.#creation.then(close).then(this.#finish, this.#finish);
  }
}

/** A client that cannot be closed is dropped all the same: there is nobody whom its error would help. */
async function close(client: SecretsClient): Promise<void> {
  await client.close().catch(ignore);
}

function ignore(): void {}
