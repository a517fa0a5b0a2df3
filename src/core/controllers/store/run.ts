import { isDeepStrictEqual } from "node:util";
import { ProviderError } from "../../../api/errors.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import type { Kind } from "../../../cluster/objects.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import type { Logger } from "../../../process/logs.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { ReferenceTable } from "../../credentials/store-references.ts";
import { getStore, toStore, type StoreObject } from "../../kinds.ts";
import type { KindMetrics } from "../../metrics.ts";
import type { StoreClients } from "../../store-clients.ts";
import { providerTopics } from "../../topics.ts";
import { clusterFailure } from "../cluster-failure.ts";
import { readyOf } from "../condition.ts";
import { requeueInterval } from "./interval.ts";
import { reportOf } from "./status.ts";
import { validate, type Validation } from "./validate.ts";

/** What the controllers of SecretStores and ClusterSecretStores work with. */
export interface StoreDeps {
  readonly cluster: Cluster;
  readonly kind: Kind;
  readonly clients: StoreClients;
  /** Paths of references, by key of `spec.provider`. */
  readonly references: ReferenceTable;
  readonly settings: { readonly controllerClass: string; readonly storeRequeueInterval: number };
  readonly metrics: KindMetrics;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears how each look at a store ended, when its status is written. */
  readonly onLook: (ref: StoreRef, look: StoreLook) => void;
}

/** What was found: no such store; or one that was Ready before or not, and is now or not. */
export type StoreLook = "gone" | { readonly before: "Ready" | "NotReady" | "Unknown"; readonly ready: boolean };

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
  if (object.metadata.deletionTimestamp !== undefined) return { result: "done" };
  const outcome = await look(deps, ref, object, signal);
  metrics.duration(ref, now() - started);
  return outcome;
}

async function look(deps: StoreDeps, ref: StoreRef, object: StoreObject, signal: AbortSignal): Promise<Outcome> {
  const store = toStore(object);
  let interval = deps.settings.storeRequeueInterval;
  let validation: Validation;
  try {
    interval = requeueInterval(object.spec, interval);
    validation = await validate(store, deps.clients, deps.references, signal);
  } catch (thrown) {
    validation = { valid: false, step: "validate", error: ProviderError.from(thrown) };
  }
  // Being told to stop is no failure of the store's.
  if (signal.aborted) return { result: "again" };
  const refused = await record(deps, ref, object, validation, signal);
  if (refused !== undefined) return refused;
  if (validation.valid) return { result: "done", after: interval };
  const { error } = validation;
  return { result: "failed", error, waitsFor: providerTopics(store, error) };
}

/** Writes status and event; undefined when that is done, else how the run ends. */
async function record(
  deps: StoreDeps,
  ref: StoreRef,
  object: StoreObject,
  validation: Validation,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { cluster, kind, metrics, logger, now } = deps;
  const before = readyOf(object.status?.conditions);
  const { status, event } = reportOf(object, validation, now());
  const fields = { [kind.kind]: { namespace: ref.namespace, name: ref.name }, ready: validation.valid };
  if (event !== undefined) cluster.event(kind, ref, event);
  if (!isDeepStrictEqual(object.status ?? {}, status)) {
    try {
      await cluster.updateStatus(kind, ref, object.metadata.resourceVersion, status, signal);
    } catch (thrown) {
      const error = clusterFailure(thrown);
      return error.code === "Conflict" ? { result: "again" } : { result: "failed", error };
    }
  }
  metrics.condition(ref, validation.valid ? "True" : "False");
  logger[event === undefined ? "debug" : "info"](fields, "reconciled store");
  deps.onLook(ref, {
    before: before === undefined ? "Unknown" : before.status === "True" ? "Ready" : "NotReady",
    ready: validation.valid,
  });
  return undefined;
}
