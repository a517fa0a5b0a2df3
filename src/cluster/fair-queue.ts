import type { Lane } from "./lanes.ts";

/** What a {@link FairQueue} holds: it is fair between namespaces and passes over what its lanes hold back. */
export interface Queued {
  readonly namespace: string;
  readonly lanes: readonly Lane[];
}

interface Group<T> {
  readonly lanes: readonly Lane[];
  /** In the order of arrival. */
  readonly items: Set<T>;
}

/**
 * Items that are ready to run. Namespaces take turns, and within one namespace the groups of items that share their
 * lanes do, so that neither a namespace with a thousand items nor a store that hangs keeps the others waiting.
 */
export class FairQueue<T extends Queued> {
  /** Namespace -> lanes -> items; a Map's order is the order of turns. */
  readonly #namespaces = new Map<string, Map<string, Group<T>>>();
  readonly #places = new Map<T, string>();

  get size(): number {
    return this.#places.size;
  }

  has(item: T): boolean {
    return this.#places.has(item);
  }

  values(): Iterable<T> {
    return this.#places.keys();
  }

  put(item: T): void {
    if (this.#places.has(item)) return;
    const groupName = item.lanes.map((lane) => lane.name).join("\n");
    this.#places.set(item, groupName);
    const groups = this.#namespaces.get(item.namespace) ?? new Map<string, Group<T>>();
    this.#namespaces.set(item.namespace, groups);
    const group = groups.get(groupName) ?? { lanes: item.lanes, items: new Set<T>() };
    groups.set(groupName, group);
    group.items.add(item);
  }

  remove(item: T): void {
    const groupName = this.#places.get(item);
    if (groupName === undefined) return;
    this.#places.delete(item);
    const groups = this.#namespaces.get(item.namespace);
    const group = groups?.get(groupName);
    group?.items.delete(item);
    if (group?.items.size === 0) groups?.delete(groupName);
    if (groups?.size === 0) this.#namespaces.delete(item.namespace);
  }

  /** Takes the item whose turn it is, of those whose lanes `free` lets through. */
  take(free: (lanes: readonly Lane[]) => boolean): T | undefined {
    for (const [namespace, groups] of this.#namespaces) {
      for (const [groupName, group] of groups) {
        const [item] = group.items;
        if (item === undefined || !free(group.lanes)) continue;
        toTheEnd(groups, groupName, group);
        toTheEnd(this.#namespaces, namespace, groups);
        this.remove(item);
        return item;
      }
    }
    return undefined;
  }
}

function toTheEnd<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
}
