import { isDeepStrictEqual } from "node:util";
import { clusterProvider } from "../../../api/kinds/cluster-provider.ts";
import { provider } from "../../../api/kinds/provider.ts";
import { ProviderError } from "../../../api/errors.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import type { Kind } from "../../../cluster/objects.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import type { Logger } from "../../../process/logs.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { ReferencesOf } from "../../credentials/store-references.ts";
import { getStore, type StoreObject } from "../../kinds.ts";
import type { KindMetrics } from "../../metrics.ts";
import type { ServedBy, ServerOf } from "../../served-by.ts";
import type { CoreStore } from "../../store.ts";
import type { StoreClients } from "../../store-clients.ts";
import { hasConfigOfCaller, toStore } from "../../to-store.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import { namespaceTopic, providerTopics, restartTopic } from "../../topics.ts";
import type { Contests } from "../contest.ts";
import { clusterFailure } from "../../../cluster/cluster-failure.ts";
import { readyOf } from "../condition.ts";
import { requeueInterval } from "./interval.ts";
import { reportOf, type Serving, type StoreFinding } from "./status.ts";
import { validate, type Validation } from "./validate.ts";

/** What the controller of a kind of store works with. */
export interface StoreDeps {
  readonly cluster: Cluster;
  readonly kind: Kind;
  readonly clients: StoreClients;
  /** What can be said of who serves a store; absent: providers are linked in. */
  readonly servedBy: ServedBy | undefined;
  /** Absent: there are no servers. */
  readonly serverOf: ServerOf | undefined;
  readonly contests: Contests;
  /** Which paths of a store's spec refer to Kubernetes. */
  readonly references: ReferencesOf;
  readonly settings: { readonly controllerClass: string; readonly storeRequeueInterval: number };
  readonly metrics: KindMetrics;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears how each look at a store ended. */
  readonly onLook: (ref: StoreRef, look: StoreLook) => void;
}

/** ESO's finalizer of SecretStores and ClusterSecretStores. */
const esoFinalizer = "secretstore.externalsecrets.io/finalizer";

/**
 * What was found: no such store; one whose status was not written, as far as is known; or one that was Ready before or
 * not, and is now or not.
 */
export type StoreLook =
  | "gone"
  | "unwritten"
  | { readonly before: "Ready" | "NotReady" | "Unknown"; readonly ready: boolean };

/** One reconcile of one store. */
export async function reconcileStore(deps: StoreDeps, ref: StoreRef, signal: AbortSignal): Promise<Outcome> {
  const { cluster, settings, metrics, now } = deps;
  const started = now();
  const object = getStore(cluster, ref);
  if (object === undefined) {
    metrics.forget(ref);
    deps.onLook(ref, "gone");
    return { result: "done" };
  }
  const { controller } = object.spec;
  if (controller && controller !== settings.controllerClass) return { result: "done" };
  const left = deps.contests.leave(object, deps.kind.namespaced);
  if (left !== undefined) return left;
  if (object.metadata.deletionTimestamp !== undefined) return letGo(deps, ref, object, signal);
  const outcome = await look(deps, ref, object, signal);
  metrics.duration(ref, now() - started);
  return outcome;
}

async function look(deps: StoreDeps, ref: StoreRef, object: StoreObject, signal: AbortSignal): Promise<Outcome> {
  let store: CoreStore | undefined;
  let interval = deps.settings.storeRequeueInterval;
  let validation: Validation;
  try {
    interval = requeueInterval(object.spec, interval);
    if (hasConfigOfCaller(object)) {
      validation = { result: "deferred" };
    } else {
      store = toStore(deps.cluster, object, object.metadata.namespace);
      validation = await validate(store, deps.clients, deps.references, signal);
    }
  } catch (thrown) {
    validation = { result: "invalid", step: "validate", error: ProviderError.from(thrown) };
  }
  // Being told to stop is no failure of the store's.
  if (signal.aborted) return { result: "again" };
  const serving = store && (await servingOf(deps, store, validation, signal));
  if (signal.aborted) return { result: "again" };
  const refused = await record(deps, { ref, object, store, validation, serving }, signal);
  if (validation.result !== "invalid") {
    return refused ?? { result: "done", after: interval, waitsFor: await restartTopics(deps, store, signal) };
  }
  const { error } = validation;
  const waitsFor = failureTopics(ref, store, error);
  // What it failed of is told at the next look; what mends it makes that one due at once, all the same.
  if (refused !== undefined) return refused.result === "again" ? { ...refused, waitsFor } : refused;
  return { result: "failed", error, waitsFor };
}

/** What a store that is Ready waits for: another process may think otherwise of it. */
async function restartTopics(
  { serverOf }: StoreDeps,
  store: CoreStore | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const server = store && (await serverOf?.(store, signal));
  return server === undefined ? [] : [restartTopic(server)];
}

/** What may mend a store that failed. */
function failureTopics(ref: StoreRef, store: CoreStore | undefined, error: ProviderError): readonly string[] {
  // A class may let the namespace in once its labels are others.
  const denied = error instanceof ResolutionError && error.reason === "ProviderNotApproved" && ref.namespace !== "";
  return [
    ...(store === undefined ? [] : providerTopics(store, error)),
    ...(denied ? [namespaceTopic(ref.namespace)] : []),
  ];
}

/**
 * Takes ESO's finalizer off a store that is being deleted. It keeps a store for PushSecrets that delete through it;
 * nothing here does, so the store would hang in Terminating for ever.
 */
async function letGo(deps: StoreDeps, ref: StoreRef, object: StoreObject, signal: AbortSignal): Promise<Outcome> {
  const { finalizers, resourceVersion } = object.metadata;
  if (!finalizers.includes(esoFinalizer)) return { result: "done" };
  const kept = finalizers.filter((finalizer) => finalizer !== esoFinalizer);
  return write(() => deps.cluster.updateFinalizers(deps.kind, ref, resourceVersion, kept, signal));
}

/** How a run ends after a write: "again" when the object was another one already. */
async function write(request: () => Promise<unknown>): Promise<Outcome> {
  try {
    await request();
    return { result: "done" };
  } catch (thrown) {
    const error = clusterFailure(thrown);
    return error.code === "Conflict" ? { result: "again" } : { result: "failed", error };
  }
}

/** What the status says of who serves a store. */
async function servingOf(
  { servedBy }: StoreDeps,
  store: CoreStore,
  validation: Validation,
  signal: AbortSignal,
): Promise<Serving> {
  const conflict = servedBy?.conflict(store);
  const tellsPeer = store.ref.kind === provider.kind || store.ref.kind === clusterProvider.kind;
  const peer = tellsPeer && validation.result !== "invalid" ? await servedBy?.peer(store, signal) : undefined;
  return { ...(conflict !== undefined && { conflict }), ...(peer !== undefined && { peer }) };
}

/** Writes status and event; undefined when that is done, else how the run ends. */
async function record(
  deps: StoreDeps,
  look: { readonly ref: StoreRef } & StoreFinding,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { cluster, kind, metrics, logger, now } = deps;
  const { ref, object, validation } = look;
  const before = readyOf(object.status?.conditions);
  const { status, events } = reportOf(look, deps.references, now());
  const ready = validation.result !== "invalid";
  const fields = { [kind.kind]: { namespace: ref.namespace, name: ref.name }, ready };
  for (const event of events) cluster.event(kind, ref, event);
  if (!isDeepStrictEqual(object.status ?? {}, status)) {
    const { resourceVersion } = object.metadata;
    const written = await write(() => cluster.updateStatus(kind, ref, resourceVersion, status, signal));
    if (written.result !== "done") {
      deps.onLook(ref, "unwritten");
      return written;
    }
  }
  metrics.condition(ref, ready ? "True" : "False");
  logger[events.length === 0 ? "debug" : "info"](fields, "reconciled store");
  deps.onLook(ref, {
    before: before === undefined ? "Unknown" : before.status === "True" ? "Ready" : "NotReady",
    ready,
  });
  return undefined;
}
