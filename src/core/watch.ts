import { externalSecret } from "../api/kinds/external-secret.ts";
import type { Change, Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { QueueClass } from "../cluster/queue.ts";
import { readyOf } from "./controllers/condition.ts";
import { isSecretValid } from "./controllers/external-secret/refresh.ts";
import { targetName } from "./controllers/external-secret/target.ts";
import { classesTouched, classesWithoutSecret, classOf, storesOfClass } from "./class-watch.ts";
import type { Dependencies, StoreRef } from "./credentials/dependencies.ts";
import { classKinds, getExternalSecret, getProviderClass, getStore, storeKinds, type ClassRef } from "./kinds.ts";
import type { ClassWorld } from "./resolve/classes.ts";
import { Seen } from "./seen.ts";
import { TargetIndex } from "./target-index.ts";
import { namespaceTopic } from "./topics.ts";

/** What {@link watchCluster} needs. */
export interface WatchOptions {
  readonly cluster: Cluster;
  readonly dependents: Dependencies["dependents"];
  readonly enqueue: (kind: string, key: ObjectKey, queueClass: QueueClass) => void;
  /** A store or its status changed, or it is there at start. */
  readonly storeSeen: (ref: StoreRef) => void;
  /** A store or a credential of it changed. */
  readonly storeChanged: (ref: StoreRef) => void;
  readonly wake: (topic: string) => void;
  /** What classes are looked at with; undefined: they are not for this core. */
  readonly classes: Pick<ClassWorld, "systemNamespace" | "mounted"> | undefined;
}

/** Makes due what is there, and from then on what changes. Returns what ends it. */
export function watchCluster(options: WatchOptions): () => void {
  const { cluster, classes, enqueue } = options;
  const seen = new Seen();
  const targets = new TargetIndex();

  function externalSecretSeen(key: ObjectKey, queueClass: QueueClass): void {
    const object = getExternalSecret(cluster, key);
    if (!seen.isNews(idOf(externalSecret.kind, key), object?.metadata)) return;
    targets.set(key, object && targetName(object));
    enqueue(externalSecret.kind, key, queueClass);
  }

  function storeSeen(ref: StoreRef, queueClass: QueueClass): void {
    if (seen.isNews(idOf(ref.kind, ref), getStore(cluster, ref)?.metadata)) {
      if (queueClass === "changed") options.storeChanged(ref);
      enqueue(ref.kind, { namespace: ref.namespace, name: ref.name }, queueClass);
    }
    options.storeSeen(ref);
  }

  /** A store is looked at again when something that it depends on changed. */
  function dependencyChanged(refs: readonly StoreRef[]): void {
    for (const ref of refs) {
      options.storeChanged(ref);
      enqueue(ref.kind, { namespace: ref.namespace, name: ref.name }, "changed");
    }
  }

  function classSeen(ref: ClassRef, queueClass: QueueClass): void {
    if (!seen.isNews(idOf(ref.kind, ref), getProviderClass(cluster, ref)?.metadata)) return;
    classChanged(ref, queueClass);
  }

  function classChanged(ref: ClassRef, queueClass: QueueClass): void {
    enqueue(ref.kind, { namespace: ref.namespace, name: ref.name }, queueClass);
    if (queueClass === "changed") dependencyChanged(storesOfClass(cluster, ref));
  }

  /** A target that somebody edited or deleted is put back; our own writes leave it valid. */
  function targetSeen(key: ObjectKey): void {
    const secret = cluster.secret(key);
    for (const writer of targets.writersOf(key)) {
      const object = getExternalSecret(cluster, writer);
      if (object === undefined || object.spec.target?.creationPolicy === "None") continue;
      const failed = readyOf(object.status?.conditions)?.status === "False";
      if (failed || !isSecretValid(secret)) enqueue(externalSecret.kind, writer, "changed");
    }
  }

  function changed(change: Change): void {
    const { kind, key } = change;
    if (classes !== undefined) {
      const ref = classOf(change);
      if (ref !== undefined) classSeen(ref, "changed");
      for (const touched of classesTouched(cluster, change, classes.systemNamespace)) classChanged(touched, "changed");
    }
    if (kind === externalSecret.kind) externalSecretSeen(key, "changed");
    else if (storeKinds.some((each) => each.kind === kind)) storeSeen({ kind, ...key }, "changed");
    else if (kind === "Namespace") options.wake(namespaceTopic(key.name));
    else if (kind === "Secret" || kind === "ConfigMap" || kind === "ServiceAccount") {
      dependencyChanged(options.dependents(kind, key));
      if (kind === "Secret") targetSeen(key);
    }
  }

  const unwatch = cluster.watch(changed);
  const unsubscribe = classes?.mounted.subscribe(() => {
    for (const ref of classesWithoutSecret(cluster, classes.systemNamespace)) classChanged(ref, "changed");
  });
  for (const kind of classes === undefined ? [] : classKinds) {
    for (const { metadata } of cluster.list(kind)) classSeen({ kind: kind.kind, ...keyOf(metadata) }, "due");
  }
  // Stores before what reads from them: that waits for the first look at them.
  for (const kind of storeKinds) {
    for (const { metadata } of cluster.list(kind)) storeSeen({ kind: kind.kind, ...keyOf(metadata) }, "due");
  }
  for (const { metadata } of cluster.list(externalSecret)) externalSecretSeen(keyOf(metadata), "due");
  return () => {
    unwatch();
    unsubscribe?.();
  };
}

function keyOf({ namespace, name }: ObjectKey): ObjectKey {
  return { namespace, name };
}

function idOf(kind: string, { namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`;
}
