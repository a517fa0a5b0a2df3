import type { ObjectMeta } from "../objects.ts";

type Labelled = { readonly metadata: Pick<ObjectMeta, "namespace" | "labels"> };

/** Finds objects by label without walking all; only by labels that somebody has asked for is there an index. */
export interface LabelIndex<Item> {
  add(item: Item): void;
  remove(item: Item): void;
  /** Those of the namespace whose labels equal all of `labels`; at least one. `all` gives the objects there are. */
  find(namespace: string, labels: Readonly<Record<string, string>>, all: () => Iterable<Item>): readonly Item[];
}

export function createLabelIndex<Item extends Labelled>(): LabelIndex<Item> {
  const indexed = new Map<string, Map<string, Set<Item>>>();

  const add = (label: string, places: Map<string, Set<Item>>, item: Item) => {
    const value = item.metadata.labels[label];
    if (value === undefined) return;
    const place = placeOf(item.metadata.namespace, value);
    places.set(place, (places.get(place) ?? new Set()).add(item));
  };
  const placesOf = (label: string, all: () => Iterable<Item>) => {
    const known = indexed.get(label);
    if (known !== undefined) return known;
    const places = new Map<string, Set<Item>>();
    for (const item of all()) add(label, places, item);
    indexed.set(label, places);
    return places;
  };

  return {
    add: (item) => {
      for (const [label, places] of indexed) add(label, places, item);
    },
    remove: (item) => {
      for (const [label, places] of indexed) {
        const value = item.metadata.labels[label];
        if (value === undefined) continue;
        const place = placeOf(item.metadata.namespace, value);
        const items = places.get(place);
        items?.delete(item);
        if (items?.size === 0) places.delete(place);
      }
    },
    find: (namespace, labels, all) => {
      const wanted = Object.entries(labels);
      const sets = wanted.map(
        ([label, value]) => placesOf(label, all).get(placeOf(namespace, value)) ?? new Set<Item>(),
      );
      const [smallest = new Set<Item>()] = sets.sort((a, b) => a.size - b.size);
      return [...smallest].filter((item) => wanted.every(([label, value]) => item.metadata.labels[label] === value));
    },
  };
}

function placeOf(namespace: string, value: string): string {
  return `${namespace}/${value}`;
}
