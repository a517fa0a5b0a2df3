import type { ObjectKey } from "../cluster.ts";
import type { ObjectMeta } from "../objects.ts";
import { createLabelIndex } from "./label-index.ts";

/** Anything that a view holds. */
export interface ViewItem {
  readonly metadata: ObjectMeta;
}

/** Objects of one kind by name, namespace and label; no rules. */
export interface Table<Item> {
  readonly get: (key: ObjectKey) => Item | undefined;
  set(item: Item): void;
  delete(key: ObjectKey): void;
  readonly list: (namespace?: string) => readonly Item[];
  /** Those of a namespace whose labels equal all of `labels`. */
  readonly withLabels: (namespace: string, labels: Readonly<Record<string, string>>) => readonly Item[];
}

export function createTable<Item extends ViewItem>(): Table<Item> {
  const byNamespace = new Map<string, Map<string, Item>>();
  const labels = createLabelIndex<Item>();

  const list = (namespace?: string): readonly Item[] =>
    namespace === undefined
      ? [...byNamespace.values()].flatMap((items) => [...items.values()])
      : [...(byNamespace.get(namespace)?.values() ?? [])];
  const get = ({ namespace, name }: ObjectKey) => byNamespace.get(namespace)?.get(name);
  const drop = (key: ObjectKey) => {
    const item = get(key);
    const items = byNamespace.get(key.namespace);
    if (item === undefined || items === undefined) return;
    labels.remove(item);
    items.delete(key.name);
    if (items.size === 0) byNamespace.delete(key.namespace);
  };
  return {
    get,
    list,
    delete: drop,
    set: (item) => {
      const { namespace, name } = item.metadata;
      const old = get(item.metadata);
      if (old !== undefined) labels.remove(old);
      const items = byNamespace.get(namespace) ?? new Map<string, Item>();
      byNamespace.set(namespace, items.set(name, item));
      labels.add(item);
    },
    withLabels: (namespace, wanted) =>
      Object.keys(wanted).length === 0 ? list(namespace) : labels.find(namespace, wanted, () => list()),
  };
}
