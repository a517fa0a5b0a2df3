import { externalSecret } from "../api/kinds/external-secret.ts";
import type { Clock } from "../cluster/clock.ts";
import type { Change, Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { QueueClass } from "../cluster/queue.ts";
import { readyOf } from "./controllers/condition.ts";
import { storesOf } from "./controllers/external-secret/reads.ts";
import { isSecretValid } from "./controllers/external-secret/refresh.ts";
import { targetName } from "./controllers/external-secret/target.ts";
import type { Dependencies, StoreRef } from "./credentials/dependencies.ts";
import { DirectRefs, isDirect } from "./direct-refs.ts";
import { classKinds, getExternalSecret, getProviderClass, getStore, storeKinds, type ClassRef } from "./kinds.ts";
import { OfferNews } from "./offer-news.ts";
import type { Serves } from "./resolve/serves.ts";
import type { ResolveWorld } from "./resolve/world.ts";
import { Seen } from "./seen.ts";
import { TargetIndex } from "./target-index.ts";
import { namespaceTopic, serviceTopic } from "./topics.ts";
import {
  classesTouched,
  classesWithoutSecret,
  classOf,
  providersTouched,
  storesAskingFor,
  storesOfClass,
  storesOfConfig,
  storesWithConfig,
  storesWithoutClass,
} from "./touched.ts";

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
  /** What providers are found in; undefined: this core finds them without classes and Services. */
  readonly world: ResolveWorld | undefined;
  readonly clock: Clock;
}

/** Makes due what is there, and from then on what changes. Returns what ends it. */
export function watchCluster(options: WatchOptions): () => void {
  const { cluster, world, enqueue, clock } = options;
  const seen = new Seen();
  const targets = new TargetIndex();
  const direct = new DirectRefs();
  const offers = world && new OfferNews(world, clock);

  function externalSecretSeen(key: ObjectKey, queueClass: QueueClass): void {
    const object = getExternalSecret(cluster, key);
    if (!seen.isNews(idOf(externalSecret.kind, key), object?.metadata)) return;
    targets.set(key, object && targetName(object));
    // Before what reads from them, as all stores.
    for (const { kind, namespace, name } of direct.set(key, object === undefined ? [] : storesOf(object)))
      enqueue(kind, { namespace, name }, queueClass);
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

  /** Who serves these may be another one now, or nobody. */
  function servesChanged(serves: Serves | undefined): void {
    if (serves === undefined) return;
    const named = direct.all().filter(({ kind }) => serves.kinds.has(kind));
    dependencyChanged([...storesAskingFor(cluster, serves), ...named]);
  }

  function serviceChanged(service: ObjectKey): void {
    servesChanged(offers?.seen(service));
    options.wake(serviceTopic(service));
  }

  function configSeen(kind: string, key: ObjectKey): void {
    const ref = { kind, ...key };
    if (!seen.isNews(idOf(`config:${kind}`, key), getStore(cluster, ref)?.metadata)) return;
    dependencyChanged(storesOfConfig(cluster, kind, key));
    if (direct.has(ref)) dependencyChanged([ref]);
  }

  /** Kinds come and go seldom: whatever has to do with any of them is looked at again. */
  function kindsChanged(): void {
    dependencyChanged([...storesWithConfig(cluster), ...direct.all()]);
  }

  function worldChanged(change: Change, { systemNamespace }: ResolveWorld): void {
    const ref = classOf(change);
    if (ref !== undefined) classSeen(ref, "changed");
    const { kind, key } = change;
    if (kind === "Service") serviceChanged(key);
    if (kind === "EndpointSlice") options.wake(serviceTopic(key));
    if (kind === "Namespace") for (const service of offers?.ofNamespace(key.name) ?? []) serviceChanged(service);
    for (const touched of classesTouched(cluster, change, systemNamespace)) classChanged(touched, "changed");
    dependencyChanged(providersTouched(cluster, change));
  }

  function changed(change: Change): void {
    const { kind, key } = change;
    if (world !== undefined) worldChanged(change, world);
    if (kind === externalSecret.kind) externalSecretSeen(key, "changed");
    else if (storeKinds.some((each) => each.kind === kind)) storeSeen({ kind, ...key }, "changed");
    else if (kind === "CustomResourceDefinition") kindsChanged();
    else if (isDirect({ kind, ...key })) configSeen(kind, key);
    else if (kind === "Namespace") options.wake(namespaceTopic(key.name));
    else if (kind === "Secret" || kind === "ConfigMap" || kind === "ServiceAccount") {
      dependencyChanged(options.dependents(kind, key));
      if (kind === "Secret") targetSeen(key);
    }
  }

  const unwatch = cluster.watch(changed);
  const unsubscribe = world?.mounted.subscribe(() => {
    for (const ref of classesWithoutSecret(cluster, world.systemNamespace)) classChanged(ref, "changed");
    dependencyChanged([...storesWithoutClass(cluster), ...direct.all()]);
  });
  offers?.start();
  for (const kind of world === undefined ? [] : classKinds) {
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
    offers?.stop();
  };
}

function keyOf({ namespace, name }: ObjectKey): ObjectKey {
  return { namespace, name };
}

function idOf(kind: string, { namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`;
}
