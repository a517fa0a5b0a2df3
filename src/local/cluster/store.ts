import type { ObjectKey } from "../../cluster/cluster.ts";
import type { Entry } from "./entry.ts";
import { createIndex } from "./index-by.ts";
import { kindId } from "./kind-id.ts";

/** The objects and the ways they are looked up; no rules. Kinds are named as `kindId` does. No look-up walks objects that it does not answer. */
export interface Store {
  get(kind: string, key: ObjectKey): Entry | undefined;
  /** Adds the entry, or replaces the one of its kind and key. */
  put(entry: Entry): void;
  delete(kind: string, key: ObjectKey): void;
  /** Entries of a kind, of one namespace or of all. The array is shared until the kind changes. */
  list(kind: string, namespace?: string): readonly Entry[];
  /** Secrets of a namespace whose labels equal all of `labels`. */
  secretsByLabels(namespace: string, labels: Readonly<Record<string, string>>): readonly Entry[];
  hasUid(uid: string): boolean;
  /** Entries with an owner reference to `uid`. */
  ownedBy(uid: string): readonly Entry[];
  /** How many namespaced objects live there. */
  population(namespace: string): number;
  all(): Iterable<Entry>;
}

export function createStore(): Store {
  const entries = new Map<string, Entry>();
  const uids = new Set<string>();
  const byPlace = createIndex<Entry>();
  const bySecretLabel = createIndex<Entry>();
  const byOwner = createIndex<Entry>();
  const byNamespace = createIndex<Entry>();
  const lists = new Map<string, readonly Entry[]>();

  const get = (kind: string, key: ObjectKey) => entries.get(id(kind, key));
  const drop = (kind: string, key: ObjectKey) => {
    const entry = get(kind, key);
    if (entry === undefined) return;
    const name = idOf(entry);
    entries.delete(name);
    uids.delete(entry.metadata.uid);
    for (const place of places(entry)) byPlace.delete(place, name);
    for (const label of secretLabels(entry)) bySecretLabel.delete(label, name);
    for (const owner of entry.metadata.ownerReferences) byOwner.delete(owner.uid, name);
    if (entry.kind.namespaced) byNamespace.delete(entry.metadata.namespace, name);
    for (const place of places(entry)) lists.delete(place);
  };
  const add = (entry: Entry) => {
    const name = idOf(entry);
    entries.set(name, entry);
    uids.add(entry.metadata.uid);
    for (const place of places(entry)) byPlace.set(place, name, entry);
    for (const label of secretLabels(entry)) bySecretLabel.set(label, name, entry);
    for (const owner of entry.metadata.ownerReferences) byOwner.set(owner.uid, name, entry);
    if (entry.kind.namespaced) byNamespace.set(entry.metadata.namespace, name, entry);
    for (const place of places(entry)) lists.delete(place);
  };
  const list = (kind: string, namespace?: string) => {
    const place = namespace === undefined ? kind : `${kind}/${namespace}`;
    const held = lists.get(place) ?? byPlace.values(place);
    lists.set(place, held);
    return held;
  };

  return {
    get,
    put: (entry) => {
      drop(kindId(entry.kind), entry.metadata);
      add(entry);
    },
    delete: drop,
    list,
    secretsByLabels: (namespace, labels) => {
      const wanted = Object.entries(labels);
      const [smallest] = wanted
        .map(([label, value]) => labelId(namespace, label, value))
        .sort((a, b) => bySecretLabel.size(a) - bySecretLabel.size(b));
      const candidates = smallest === undefined ? list("Secret", namespace) : bySecretLabel.values(smallest);
      return candidates.filter(({ metadata }) => wanted.every(([label, value]) => metadata.labels[label] === value));
    },
    hasUid: (uid) => uids.has(uid),
    ownedBy: (uid) => byOwner.values(uid),
    population: (namespace) => byNamespace.size(namespace),
    all: () => entries.values(),
  };
}

function places({ kind, metadata }: Entry): readonly string[] {
  const name = kindId(kind);
  return kind.namespaced ? [name, `${name}/${metadata.namespace}`] : [name];
}

function secretLabels({ content, metadata }: Entry): readonly string[] {
  if (content.form !== "Secret") return [];
  return Object.entries(metadata.labels).map(([label, value]) => labelId(metadata.namespace, label, value));
}

function labelId(namespace: string, label: string, value: string): string {
  return `${namespace}/${label}=${value}`;
}

function id(kind: string, key: ObjectKey): string {
  return `${kind}/${key.namespace}/${key.name}`;
}

function idOf({ kind, metadata }: Entry): string {
  return id(kindId(kind), metadata);
}
