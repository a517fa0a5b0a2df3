import type { SecretsClient } from "../api/provider.ts";
import type { CredentialContext } from "./context.ts";
import type { Credential } from "../api/credential.ts";
import type { HostLimits } from "./limits.ts";
import { SharedClient } from "./shared-client.ts";

/** Which client a call needs, and how to make it. */
export interface ClientRequest {
  /** Whose client it is: peer, store and caller. One client is kept for each. */
  readonly slot: string;
  /** The kept client serves while this stays the same. Empty: the client serves this call only. */
  readonly digest: string;
  readonly credentials: readonly Credential[];
  /** The provider reads tokens once, at the start: its client ends with the first one it took. */
  readonly endsWithToken: boolean;
  readonly context: () => CredentialContext;
  readonly create: (context: CredentialContext, signal: AbortSignal) => Promise<SecretsClient>;
}

interface Entry {
  readonly digest: string;
  readonly client: SharedClient;
  readonly context: CredentialContext;
  readonly endsWithToken: boolean;
  lastUsed: number;
}

/**
 * Keeps clients between calls. A client is replaced when its slot's digest changes, when it ends with its token, when
 * it was idle too long, or when there are too many and it is the one whose last call began first; it is closed after
 * the calls that use it.
 */
export class ClientCache {
  readonly #limits: HostLimits;
  readonly #now: () => number;
  /** Slot -> entry, the one whose last call began first at the front. */
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(limits: HostLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Runs `operation` with the client of the slot; `signal` ends waiting for the client, nothing else. */
  async use<T>(
    request: ClientRequest,
    signal: AbortSignal,
    operation: (client: SecretsClient) => Promise<T>,
  ): Promise<T> {
    const entry = this.#entry(request);
    const taking = entry.client.take(signal);
    if (request.digest === "") this.#retire(entry);
    try {
      const client = await taking;
      try {
        return await operation(client);
      } finally {
        entry.lastUsed = this.#now();
        entry.client.release();
      }
    } finally {
      if (!entry.client.usable && this.#entries.get(request.slot) === entry) this.#entries.delete(request.slot);
    }
  }

  /** Retires clients that nobody used for `clientIdle`, and those whose token has ended. */
  sweep(): void {
    const idleSince = this.#now() - this.#limits.clientIdle;
    for (const [slot, entry] of this.#entries) {
      const idle = entry.client.users === 0 && entry.lastUsed <= idleSince;
      if (idle || this.#tokenEnded(entry)) this.#drop(slot, entry);
    }
  }

  /** Retires every client and waits until all are closed. */
  async close(): Promise<void> {
    for (const [slot, entry] of this.#entries) this.#drop(slot, entry);
    await Promise.all(this.#closing);
  }

  #entry(request: ClientRequest): Entry {
    const { slot, digest } = request;
    const kept = digest === "" ? undefined : this.#entries.get(slot);
    if (kept !== undefined && kept.digest === digest && kept.client.usable && !this.#tokenEnded(kept)) {
      kept.context.renew(request.credentials);
      kept.lastUsed = this.#now();
      this.#entries.delete(slot);
      this.#entries.set(slot, kept);
      return kept;
    }
    if (kept !== undefined) this.#drop(slot, kept);
    const entry = this.#create(request);
    if (digest !== "") this.#keep(slot, entry);
    return entry;
  }

  #create({ digest, endsWithToken, context: makeContext, create }: ClientRequest): Entry {
    const context = makeContext();
    const client = new SharedClient(async (signal) => create(context, signal), this.#limits.clientCreation);
    return { digest, client, context, endsWithToken, lastUsed: this.#now() };
  }

  #keep(slot: string, entry: Entry): void {
    this.#entries.set(slot, entry);
    for (const [oldest, victim] of this.#entries) {
      if (this.#entries.size <= this.#limits.clients) return;
      this.#drop(oldest, victim);
    }
  }

  #tokenEnded({ endsWithToken, context }: Entry): boolean {
    return endsWithToken && context.firstTokenExpiresAt !== undefined && context.firstTokenExpiresAt <= this.#now();
  }

  #drop(slot: string, entry: Entry): void {
    this.#entries.delete(slot);
    this.#retire(entry);
  }

  #retire({ client }: Entry): void {
    client.retire();
    this.#closing.add(client.closed);
    void client.closed.then(() => this.#closing.delete(client.closed));
  }
}
