import { keyOf, type Entry } from "./entry.ts";
import { kindId } from "./kind-id.ts";
import type { Store } from "./store.ts";

/** Removes what has owner references and no owner any more, shortly after, as Kubernetes' garbage collector does. */
export interface GarbageCollector {
  /** Looks at the entry once the write under way has returned. */
  check(entry: Entry): void;
}

export function createGarbageCollector(store: Store, remove: (entry: Entry) => void): GarbageCollector {
  const suspects = new Map<string, Entry>();
  const isOrphan = ({ metadata }: Entry) =>
    metadata.ownerReferences.length > 0 && !metadata.ownerReferences.some(({ uid }) => store.hasUid(uid));

  const collect = () => {
    const looked = [...suspects.values()];
    suspects.clear();
    for (const { kind, metadata } of looked) {
      const entry = store.get(kindId(kind), metadata);
      if (entry !== undefined && entry.metadata.uid === metadata.uid && isOrphan(entry)) remove(entry);
    }
  };
  return {
    check: (entry) => {
      if (!isOrphan(entry)) return;
      if (suspects.size === 0) queueMicrotask(collect);
      suspects.set(`${kindId(entry.kind)}/${keyOf(entry).namespace}/${keyOf(entry).name}`, entry);
    },
  };
}
