import { keyId, type ObjectKey } from "../cluster/cluster.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { storeTopic } from "./topics.ts";

/** Which config objects ExternalSecrets name themselves, without a store: those are looked at as stores are. */
export class DirectRefs {
  readonly #refsOf = new Map<string, readonly StoreRef[]>();
  readonly #users = new Map<string, { readonly ref: StoreRef; count: number }>();

  /** From now on an ExternalSecret names these stores; none: it is gone. The refs that nobody named before. */
  set(key: ObjectKey, stores: readonly StoreRef[]): readonly StoreRef[] {
    const id = keyId(key);
    const refs = stores.filter(isDirect);
    const before = this.#refsOf.get(id) ?? [];
    if (refs.length === 0) this.#refsOf.delete(id);
    else this.#refsOf.set(id, refs);
    const added = refs.filter((ref) => this.#add(ref));
    for (const ref of before) this.#remove(ref);
    return added;
  }

  has(ref: StoreRef): boolean {
    return this.#users.has(storeTopic(ref));
  }

  all(): readonly StoreRef[] {
    return Array.from(this.#users.values(), ({ ref }) => ref);
  }

  #add(ref: StoreRef): boolean {
    const held = this.#users.get(storeTopic(ref));
    if (held === undefined) this.#users.set(storeTopic(ref), { ref, count: 1 });
    else held.count += 1;
    return held === undefined;
  }

  #remove(ref: StoreRef): void {
    const held = this.#users.get(storeTopic(ref));
    if (held === undefined) return;
    held.count -= 1;
    if (held.count === 0) this.#users.delete(storeTopic(ref));
  }
}

/** Whether a reference names a config object itself. */
export function isDirect({ kind }: Pick<StoreRef, "kind">): boolean {
  return kind.includes(".");
}
