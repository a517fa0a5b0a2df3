import { externalSecret } from "../api/kinds/external-secret.ts";
import type { Change, Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { QueueClass } from "../cluster/queue.ts";
import { readyOf } from "./controllers/condition.ts";
import { isSecretValid } from "./controllers/external-secret/refresh.ts";
import { targetName } from "./controllers/external-secret/target.ts";
import type { Dependencies, StoreRef } from "./credentials/dependencies.ts";
import { getExternalSecret, getStore, storeKinds } from "./kinds.ts";
import { Seen } from "./seen.ts";
import { TargetIndex } from "./target-index.ts";
import { namespaceTopic } from "./topics.ts";

/** What {@link watchCluster} needs. */
export interface WatchOptions {
  readonly cluster: Cluster;
  readonly dependents: Dependencies["dependents"];
  readonly enqueue: (kind: string, key: ObjectKey, queueClass: QueueClass) => void;
  /** A store or a credential of it changed. */
  readonly storeChanged: (ref: StoreRef) => void;
  readonly wake: (topic: string) => void;
}

/** Makes due what is there, and from then on what changes. Returns what ends it. */
export function watchCluster(options: WatchOptions): () => void {
  const { cluster, enqueue } = options;
  const seen = new Seen();
  const targets = new TargetIndex();

  function externalSecretSeen(key: ObjectKey, queueClass: QueueClass): void {
    const object = getExternalSecret(cluster, key);
    if (!seen.isNews(idOf(externalSecret.kind, key), object?.metadata)) return;
    targets.set(key, object && targetName(object));
    enqueue(externalSecret.kind, key, queueClass);
  }

  function storeSeen(ref: StoreRef, queueClass: QueueClass): void {
    if (!seen.isNews(idOf(ref.kind, ref), getStore(cluster, ref)?.metadata)) return;
    if (queueClass === "changed") options.storeChanged(ref);
    enqueue(ref.kind, { namespace: ref.namespace, name: ref.name }, queueClass);
  }

  /** A store is looked at again when a credential of it changed. */
  function credentialSeen(kind: "Secret" | "ConfigMap", key: ObjectKey): void {
    for (const ref of options.dependents(kind, key)) {
      options.storeChanged(ref);
      enqueue(ref.kind, { namespace: ref.namespace, name: ref.name }, "changed");
    }
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

  function changed({ kind, key }: Change): void {
    if (kind === externalSecret.kind) externalSecretSeen(key, "changed");
    else if (storeKinds.some((each) => each.kind === kind)) storeSeen({ kind, ...key }, "changed");
    else if (kind === "Namespace") options.wake(namespaceTopic(key.name));
    else if (kind === "Secret" || kind === "ConfigMap") {
      credentialSeen(kind, key);
      if (kind === "Secret") targetSeen(key);
    }
  }

  const unwatch = cluster.watch(changed);
  // Stores first: what reads from them waits for the first look at them.
  for (const kind of storeKinds) {
    for (const { metadata } of cluster.list(kind)) storeSeen({ kind: kind.kind, ...keyOf(metadata) }, "due");
  }
  for (const { metadata } of cluster.list(externalSecret)) externalSecretSeen(keyOf(metadata), "due");
  return unwatch;
}

function keyOf({ namespace, name }: ObjectKey): ObjectKey {
  return { namespace, name };
}

function idOf(kind: string, { namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`;
}
