import { ProviderError } from "../../api/errors.ts";

/** Bytes of keys and values that one store may push, and all stores together. */
const perStore = 4 * 1024 * 1024;
const total = 64 * 1024 * 1024;
/** What an entry costs beside its key and value, roughly. */
const perSecret = 100;

/** What was pushed into one store. */
export interface PushedSecrets {
  get(key: string): Uint8Array | undefined;
  keys(): Iterable<string>;
  /** Throws ProviderError TooLarge when the store's memory, or everybody's, is full. */
  set(key: string, value: Uint8Array): void;
}

/** What was pushed into each store, by the store's UID; lasts as long as the process. */
export class Memory {
  readonly #stores = new Map<string, Map<string, Uint8Array>>();
  readonly #ownBytes = new Map<string, number>();
  #allBytes = 0;

  store(uid: string): PushedSecrets {
    const secrets = () => this.#stores.get(uid);
    return {
      get: (key) => secrets()?.get(key),
      keys: () => secrets()?.keys() ?? [],
      set: (key, value) => {
        this.#grow(uid, sizeOf(key, value) - sizeOf(key, secrets()?.get(key)));
        const store = secrets() ?? new Map<string, Uint8Array>();
        this.#stores.set(uid, store.set(key, value.slice()));
      },
    };
  }

  #grow(uid: string, bytes: number): void {
    const own = (this.#ownBytes.get(uid) ?? 0) + bytes;
    const all = this.#allBytes + bytes;
    if (bytes > 0 && (own > perStore || all > total)) {
      throw new ProviderError("TooLarge", `memory is full: ${perStore} bytes a store, ${total} bytes all together`);
    }
    this.#ownBytes.set(uid, own);
    this.#allBytes = all;
  }
}

function sizeOf(key: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : perSecret + Buffer.byteLength(key) + value.byteLength;
}
