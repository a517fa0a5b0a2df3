import { randomUUID } from "node:crypto";
import { ClusterError, type Change, type Cluster, type ObjectKey } from "../../cluster/cluster.ts";
import type { Kind, KubeObject, NamespaceObject, SecretObject, SecretWrite } from "../../cluster/objects.ts";
import { namespaceKind, secretKind, type SecretContent } from "./desired.ts";
import { customView, isSecret, secretView, wholeSecret, type Entry, type SecretEntry } from "./entry.ts";
import { createEventLog, type CountedEvent } from "./events.ts";
import { createKubectl, type Kubectl } from "./kubectl.ts";
import { adopting } from "../../cluster/adopting.ts";
import { createNotifier } from "../../cluster/notify.ts";
import { kindId } from "./kind-id.ts";
import { createObjects, place } from "./objects.ts";
import { createRequestCounter, type RequestCounts } from "./requests.ts";
import { followedKinds, type KindSchemas } from "./schemas.ts";
import { createStore } from "./store.ts";

/** Everything that is in a {@link LocalCluster}; Secrets whole, managed or not. */
export interface Snapshot {
  readonly objects: readonly KubeObject[];
  readonly secrets: readonly SecretObject[];
}

/** A cluster in memory: {@link Cluster} with the API's semantics, and what local mode fills it and looks into it with. */
export interface LocalCluster extends Cluster, Kubectl {
  snapshot(): Snapshot;
  events(kind: Kind, key: ObjectKey): readonly CountedEvent[];
  /** Hears of each object that got an event, as `watch` hears of changes. Returns what ends it. */
  watchEvents(listener: (change: Change) => void): () => void;
  /** The writes that controllers asked for, such as "create Secret", "update ExternalSecret/status", "create Event". */
  writes(): RequestCounts;
  /** What controllers read past the view: "get Secret", "get ConfigMap". */
  reads(): RequestCounts;
}

/** `now` is milliseconds since the epoch; `newUid` defaults to random UUIDs. */
export interface LocalClusterOptions {
  readonly schemas: KindSchemas;
  readonly now: () => number;
  readonly newUid?: () => string;
}

export function createLocalCluster({ schemas, now, newUid = randomUUID }: LocalClusterOptions): LocalCluster {
  const store = createStore();
  const notifier = createNotifier();
  const requests = createRequestCounter();
  const eventLog = createEventLog(now);
  const eventNotifier = createNotifier();
  const objects = createObjects({ store, schemas, notifier, now, newUid });
  const followed = followedKinds(schemas);
  const views = new WeakMap<readonly Entry[], readonly KubeObject[]>();

  const secretOf = (key: ObjectKey) => asSecret(store.get(secretKind.kind, key));
  /** The object that a write names, if it is still the one the writer saw. */
  const current = (kind: Kind, key: ObjectKey, resourceVersion: string) => {
    const entry = found(store.get(kindId(kind), key), kind.kind, key);
    if (entry.metadata.resourceVersion === resourceVersion) return entry;
    throw new ClusterError("Conflict", `${kind.kind} ${place(key)} has changed since it was read; read it again`);
  };
  /** A write by somebody who has seen all of the Secret: one that is not managed is read for that. */
  const seenWhole = (secret: SecretWrite, entry: SecretEntry) => {
    if (secretView(entry).data !== undefined) return secret;
    requests.count("get", "Secret");
    return adopting(secret, wholeSecret(entry));
  };
  const list = (kind: Kind, namespace?: string) => {
    const entries = store.list(kindId(kind), namespace);
    const view = views.get(entries) ?? entries.flatMap((entry) => customView(entry) ?? []);
    views.set(entries, view);
    return view;
  };

  return {
    get: (kind, key) => {
      const entry = store.get(kindId(kind), key);
      return entry && customView(entry);
    },
    list,
    followedKinds: () => [...followed.values()],
    followedKind: (id) => followed.get(id),
    secret: (key) => {
      const entry = secretOf(key);
      return entry && secretView(entry);
    },
    secrets: (namespace, labels) => store.secretsByLabels(namespace, labels).filter(isSecret).map(secretView),
    namespace: (name) =>
      namespaceOf(name, store.get(namespaceKind.kind, { namespace: "", name }), store.population(name)),

    createSecret: async (secret, fieldManager, signal) => {
      signal.throwIfAborted();
      requests.count("create", "Secret");
      return wholeSecret(asWritten(objects.create(secretKind, secret, writtenSecret(secret), fieldManager)));
    },
    updateSecret: async (secret, resourceVersion, fieldManager, signal) => {
      signal.throwIfAborted();
      requests.count("update", "Secret");
      const entry = asWritten(current(secretKind, secret, resourceVersion));
      return wholeSecret(asWritten(objects.update(entry, writtenSecret(seenWhole(secret, entry)), fieldManager)));
    },
    removeSecret: async (key, uid, signal) => {
      signal.throwIfAborted();
      requests.count("delete", "Secret");
      const entry = found(secretOf(key), "Secret", key);
      if (entry.metadata.uid !== uid) {
        throw new ClusterError("Conflict", `Secret ${place(key)} is another one now: its UID differs`);
      }
      objects.delete(entry);
    },
    updateStatus: async (kind, key, resourceVersion, status, signal) => {
      signal.throwIfAborted();
      requests.count("update", `${kind.kind}/status`);
      return asCustom(objects.updateStatus(current(kind, key, resourceVersion), status));
    },
    updateFinalizers: async (kind, key, resourceVersion, finalizers, signal) => {
      signal.throwIfAborted();
      requests.count("update", kind.kind);
      const entry = current(kind, key, resourceVersion);
      return asCustom(objects.update(entry, { finalizers: [...finalizers] }, controllerManager));
    },
    event: (kind, key, event) => {
      requests.count(eventLog.record(kindId(kind), key, event), "Event");
      eventNotifier.changed({ kind: kindId(kind), key });
    },

    referencedKeys: async (kind, key, keys, signal) => {
      signal.throwIfAborted();
      requests.count("get", kind);
      const { metadata, content } = found(store.get(kind, key), kind, key);
      const data =
        content.form === "Secret" || content.form === "ConfigMap" ? content.data : new Map<string, Uint8Array>();
      const wanted = new Set(keys);
      return {
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        data: new Map([...data].filter(([name]) => wanted.has(name))),
      };
    },
    referencedVersion: (kind, key) => {
      const metadata = store.get(kind, key)?.metadata;
      return metadata && { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
    },
    token: async () => {
      throw new ClusterError(
        "Invalid",
        "serviceAccountRef is not available in local mode: no API server issues tokens",
      );
    },
    watch: (listener) => notifier.watch(listener),

    ...createKubectl(store, objects),
    snapshot: () => {
      const entries = [...store.all()];
      return {
        objects: entries.flatMap((entry) => customView(entry) ?? []),
        secrets: entries.filter(isSecret).map(wholeSecret),
      };
    },
    events: (kind, key) => eventLog.of(kindId(kind), key),
    watchEvents: (listener) => eventNotifier.watch(listener),
    writes: () => requests.writes(),
    reads: () => requests.reads(),
  };
}

/** Who writes finalizers; nobody reads it of custom kinds. */
const controllerManager = "outboard";

function writtenSecret({ labels, annotations, finalizers, ownerReferences, ...secret }: SecretWrite) {
  const content: SecretContent = {
    form: "Secret",
    // The API server's default, at updates too.
    type: secret.type ?? "Opaque",
    immutable: secret.immutable ?? false,
    data: secret.data,
  };
  // Copies: what the caller does with its own afterwards is not a write.
  return {
    labels: { ...labels },
    annotations: { ...annotations },
    finalizers: [...finalizers],
    ownerReferences: ownerReferences.map((owner) => ({ ...owner })),
    content,
  };
}

function namespaceOf(name: string, entry: Entry | undefined, population: number): NamespaceObject | undefined {
  if (entry === undefined && population === 0 && name !== "default") return undefined;
  return { name, labels: { ...entry?.metadata.labels, "kubernetes.io/metadata.name": name } };
}

function found<Found extends Entry>(entry: Found | undefined, kind: string, key: ObjectKey): Found {
  if (entry === undefined) throw new ClusterError("NotFound", `${kind} ${place(key)} not found`);
  return entry;
}

function asSecret(entry: Entry | undefined): SecretEntry | undefined {
  return isSecret(entry) ? entry : undefined;
}

function asWritten(entry: Entry): SecretEntry {
  return found(asSecret(entry), "Secret", entry.metadata);
}

function asCustom(entry: Entry): KubeObject {
  const view = customView(entry);
  if (view === undefined) throw new ClusterError("Invalid", `${entry.kind.kind} has no status or finalizers of ours`);
  return view;
}
