import type { Change } from "./cluster.ts";

/** Tells listeners what changed, after the write has returned, each object once however often it changed until then. */
export interface Notifier {
  changed(change: Change): void;
  watch(listener: (change: Change) => void): () => void;
}

export function createNotifier(): Notifier {
  const listeners = new Set<(change: Change) => void>();
  const waiting = new Map<string, Change>();

  const flush = () => {
    const changes = [...waiting.values()];
    waiting.clear();
    for (const change of changes) for (const listener of listeners) listener(change);
  };
  return {
    changed: (change) => {
      if (waiting.size === 0) queueMicrotask(flush);
      waiting.set(`${change.kind}/${change.key.namespace}/${change.key.name}`, change);
    },
    watch: (listener) => {
      // One function may listen twice and end one of the two.
      const own = (change: Change) => listener(change);
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
}
