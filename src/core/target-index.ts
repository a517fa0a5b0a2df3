import { keyId, type ObjectKey } from "../cluster/cluster.ts";

/** Which ExternalSecrets write which Secret. */
export class TargetIndex {
  readonly #targetOf = new Map<string, string>();
  readonly #writers = new Map<string, Map<string, ObjectKey>>();

  /** From now on the ExternalSecret `key` writes the Secret `target` of its namespace; undefined: it is gone. */
  set(key: ObjectKey, target: string | undefined): void {
    const id = keyId(key);
    const before = this.#targetOf.get(id);
    if (before !== undefined) {
      const writers = this.#writers.get(before);
      writers?.delete(id);
      if (writers?.size === 0) this.#writers.delete(before);
      this.#targetOf.delete(id);
    }
    if (target === undefined) return;
    const secret = keyId({ namespace: key.namespace, name: target });
    this.#targetOf.set(id, secret);
    this.#writers.set(secret, (this.#writers.get(secret) ?? new Map<string, ObjectKey>()).set(id, key));
  }

  writersOf(secret: ObjectKey): readonly ObjectKey[] {
    return [...(this.#writers.get(keyId(secret))?.values() ?? [])];
  }
}
