import { isDeepStrictEqual } from "node:util";
import { ClusterError, type ObjectKey } from "../../cluster/cluster.ts";
import type { Kind, ManagedFields, ObjectMeta, OwnerReference } from "../../cluster/objects.ts";
import { admitContent, admitStatus } from "./admission.ts";
import { secretChangeProblems } from "./data-rules.ts";
import { namespaceKind, type Content, type DesiredObject } from "./desired.ts";
import { isSecret, keyOf, type Entry } from "./entry.ts";
import { createGarbageCollector } from "./garbage-collector.ts";
import { kindId } from "./kind-id.ts";
import { recordWrite } from "./managed-fields.ts";
import { metadataProblems } from "./metadata-rules.ts";
import type { Notifier } from "../../cluster/notify.ts";
import { invalid, shown } from "./problem.ts";
import type { KindSchemas } from "./schemas.ts";
import type { Store } from "./store.ts";

/** What a writer says of an object; the server adds the rest of its metadata. */
export interface WrittenObject {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly ownerReferences: readonly OwnerReference[];
  readonly content: Content;
  readonly applied?: DesiredObject;
}

/** The API server's rules on objects of any kind, over a store. Throws {@link ClusterError}. */
export interface Objects {
  /** AlreadyExists, Invalid. */
  create(kind: Kind, key: ObjectKey, written: WrittenObject, manager: string): Entry;
  /** Changes what is given. The entry itself, its resourceVersion included, when that is what it says already. */
  update(entry: Entry, written: Partial<WrittenObject>, manager: string): Entry;
  /** Replaces the status and nothing else. */
  updateStatus(entry: Entry, status: unknown): Entry;
  /** Removes it, or marks it as being deleted while it has finalizers. */
  delete(entry: Entry): void;
}

/** What {@link createObjects} stands on. `now` is milliseconds since the epoch. */
export interface ObjectsOptions {
  readonly store: Store;
  readonly schemas: KindSchemas;
  readonly notifier: Notifier;
  readonly now: () => number;
  readonly newUid: () => string;
}

export function createObjects({ store, schemas, notifier, now, newUid }: ObjectsOptions): Objects {
  let lastVersion = 0;
  const nextVersion = () => String(++lastVersion);
  const time = () => new Date(now()).toISOString().replace(/\.\d+Z$/, "Z");
  const garbage = createGarbageCollector(store, (entry) => remove(entry));

  const put = (entry: Entry) => {
    const population = store.population(entry.metadata.namespace);
    store.put(entry);
    garbage.check(entry);
    changed(entry, population);
    return entry;
  };
  const drop = (entry: Entry) => {
    const population = store.population(entry.metadata.namespace);
    store.delete(kindId(entry.kind), entry.metadata);
    for (const owned of store.ownedBy(entry.metadata.uid)) garbage.check(owned);
    changed(entry, population);
  };
  /** Namespaces exist while something lives in them: then they change too. */
  const changed = (entry: Entry, population: number) => {
    notifier.changed({ kind: kindId(entry.kind), key: keyOf(entry) });
    const { namespace } = entry.metadata;
    if ((population === 0) === (store.population(namespace) === 0)) return;
    notifier.changed({ kind: namespaceKind.kind, key: { namespace: "", name: namespace } });
  };
  const remove = (entry: Entry) => {
    if (entry.metadata.finalizers.length === 0) return drop(entry);
    if (entry.metadata.deletionTimestamp !== undefined) return;
    // As the API server: whoever compares generations sees that the object is wanted otherwise now.
    const generation = entry.metadata.generation === 0 ? 0 : entry.metadata.generation + 1;
    const metadata = { ...entry.metadata, generation, deletionTimestamp: time(), resourceVersion: nextVersion() };
    put({ ...entry, metadata });
  };

  return {
    create: (kind, key, { content, applied, ...written }, manager) => {
      if (store.get(kindId(kind), key) !== undefined) {
        throw new ClusterError("AlreadyExists", `${kind.kind} ${place(key)} exists already`);
      }
      checkMetadata(kind, { ...key, ...written });
      const metadata: ObjectMeta = {
        ...written,
        name: key.name,
        namespace: key.namespace,
        uid: newUid(),
        resourceVersion: nextVersion(),
        generation: content.form === "custom" ? 1 : 0,
        creationTimestamp: time(),
        managedFields: [],
      };
      const admitted = admitContent(schemas, kind, key.name, content);
      const entry = { kind, metadata, content: admitted, ...(applied && { applied }) };
      return put(withManagedFields(undefined, entry, { manager, time: time() }));
    },

    update: (entry, { content, applied, ...written }, manager) => {
      const { kind, metadata } = entry;
      const next = content === undefined ? entry.content : admitContent(schemas, kind, metadata.name, content);
      const nextMetadata = { ...metadata, ...written };
      const isNew = !isDeepStrictEqual(next, entry.content);
      if (!isNew && isDeepStrictEqual(nextMetadata, metadata)) {
        if (applied !== undefined) store.put({ ...entry, applied });
        return entry;
      }
      checkMetadata(kind, nextMetadata);
      checkChange(entry, nextMetadata, next);
      const generation = metadata.generation + (isNew && next.form === "custom" ? 1 : 0);
      const changedEntry = {
        ...entry,
        metadata: { ...nextMetadata, generation, resourceVersion: nextVersion() },
        content: next,
        ...(applied && { applied }),
      };
      const result = withManagedFields(entry, changedEntry, { manager, time: time() });
      if (metadata.deletionTimestamp !== undefined && nextMetadata.finalizers.length === 0) drop(result);
      else put(result);
      return result;
    },

    updateStatus: (entry, status) => {
      const admitted = admitStatus(schemas, entry.kind, entry.metadata.name, status);
      if (isDeepStrictEqual(admitted, entry.status)) return entry;
      return put({ ...entry, status: admitted, metadata: { ...entry.metadata, resourceVersion: nextVersion() } });
    },

    delete: remove,
  };
}

/** Namespace and name as messages have them. */
export function place({ namespace, name }: ObjectKey): string {
  return namespace === "" ? shown(name) : `${shown(namespace)}/${shown(name)}`;
}

function checkMetadata(kind: Kind, metadata: Parameters<typeof metadataProblems>[1]): void {
  const problems = metadataProblems(kindId(kind), metadata);
  if (problems.length > 0) throw invalid(kind.kind, metadata.name, problems);
}

function checkChange({ kind, metadata, content }: Entry, nextMetadata: ObjectMeta, next: Content): void {
  const problems = content.form === "Secret" && next.form === "Secret" ? [...secretChangeProblems(content, next)] : [];
  const added = nextMetadata.finalizers.filter((finalizer) => !metadata.finalizers.includes(finalizer));
  if (metadata.deletionTimestamp !== undefined && added.length > 0) {
    problems.push({ pointer: "/metadata/finalizers", message: "none can be added while the object is being deleted" });
  }
  if (problems.length > 0) throw invalid(kind.kind, metadata.name, problems);
}

function withManagedFields(before: Entry | undefined, after: Entry, write: { manager: string; time: string }): Entry {
  if (!isSecret(after)) return after;
  const managedFields: readonly ManagedFields[] = recordWrite(isSecret(before) ? before : undefined, after, write);
  return { ...after, metadata: { ...after.metadata, managedFields } };
}
