import { setImmediate as nextTurn } from "node:timers/promises";
import { externalSecret, type ExternalSecretStatus } from "../../../api/kinds/external-secret.ts";
import type { SecretMap } from "../../../api/provider.ts";
import type { Cluster, ObjectKey } from "../../../cluster/cluster.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import type { Logger } from "../../../process/logs.ts";
import { getExternalSecret, getStore, type ExternalSecretObject } from "../../kinds.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { ExternalSecretMetrics } from "../../metrics.ts";
import type { CoreStore } from "../../store.ts";
import type { StoreClients } from "../../store-clients.ts";
import { toStore, usableStore } from "../../to-store.ts";
import { clusterFailure } from "../../../cluster/cluster-failure.ts";
import { readyOf } from "../condition.ts";
import type { Contests } from "../contest.ts";
import { eventText } from "../event-text.ts";
import { failureOutcome, type Failure } from "./failure.ts";
import { fetchAll } from "./fetch.ts";
import { cleanupFinalizer, createdByLabel, fieldManager, ownerHash } from "./names.ts";
import type { PlanSettings, World, Write } from "./plan.ts";
import { planReads } from "./plan-reads.ts";
import { planWrites } from "./plan-writes.ts";
import { nextLook, refreshInterval } from "./refresh.ts";
import { failedStatus, statusChanged, syncedStatus } from "./status.ts";
import { targetName } from "./target.ts";
import { writeRefusal } from "./write-refusal.ts";

/** From how many keys on others get a turn between the steps of a run, which take 0.1 s each for 50,000. */
const manyKeys = 1_000;

/** What the controller of ExternalSecrets works with. */
export interface ExternalSecretDeps {
  readonly cluster: Cluster;
  readonly clients: StoreClients;
  readonly contests: Contests;
  readonly settings: PlanSettings;
  readonly metrics: ExternalSecretMetrics;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One reconcile: carries out the plan of one ExternalSecret, once. */
export async function reconcileExternalSecret(
  deps: ExternalSecretDeps,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = deps.now();
  deps.metrics.syncCall(key);
  const object = getExternalSecret(deps.cluster, key);
  if (object === undefined) {
    deps.metrics.forget(key);
    return { result: "done" };
  }
  if (object.metadata.deletionTimestamp !== undefined) return release(deps, object, signal);
  const left = deps.contests.leave(object, externalSecret.namespaced);
  if (left !== undefined) return left;
  const outcome = await new Run(deps, object, started, signal).reconcile();
  deps.metrics.duration(key, deps.now() - started);
  return outcome;
}

/** Takes ESO's finalizer off: nothing is left to do here when the object goes, its Secret goes with its owner. */
async function release(
  { cluster }: ExternalSecretDeps,
  { metadata }: ExternalSecretObject,
  signal: AbortSignal,
): Promise<Outcome> {
  const finalizers = metadata.finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
  if (finalizers.length === metadata.finalizers.length) return { result: "done" };
  try {
    await cluster.updateFinalizers(externalSecret, metadata, metadata.resourceVersion, finalizers, signal);
    return { result: "done" };
  } catch (thrown) {
    return retried(thrown);
  }
}

function storeFor(cluster: Cluster, ref: StoreRef, callerNamespace: string): CoreStore | undefined {
  const object = getStore(cluster, ref);
  return object && toStore(cluster, object, callerNamespace);
}

function worldOf(cluster: Cluster, object: ExternalSecretObject): World {
  const { namespace, name } = object.metadata;
  const target = targetName(object);
  const own = cluster.secrets(namespace, { [createdByLabel]: ownerHash(namespace, name) });
  return {
    secret: cluster.secret({ namespace, name: target }),
    orphans: own.filter(({ metadata }) => metadata.name !== target),
    namespace: cluster.namespace(namespace) ?? { name: namespace, labels: {} },
    store: (ref) => getStore(cluster, ref),
    usableStore: (ref) => usableStore(cluster, ref, namespace),
  };
}

class Run {
  readonly #deps: ExternalSecretDeps;
  readonly #object: ExternalSecretObject;
  readonly #started: number;
  readonly #signal: AbortSignal;

  constructor(deps: ExternalSecretDeps, object: ExternalSecretObject, started: number, signal: AbortSignal) {
    this.#deps = deps;
    this.#object = object;
    this.#started = started;
    this.#signal = signal;
  }

  async reconcile(): Promise<Outcome> {
    const { cluster, clients, settings } = this.#deps;
    const { namespace } = this.#object.metadata;
    const reads = await planReads(this.#object, worldOf(cluster, this.#object), settings, this.#started);
    if (reads.step === "rest") return reads.outcome;
    if (reads.step === "fail") return this.#fail(reads.failure);

    const caller = { namespace, store: (ref: StoreRef) => storeFor(cluster, ref, namespace), signal: this.#signal };
    const results = await fetchAll(reads.sources, clients, caller);
    // Being told to stop is no failure of the object's.
    if (this.#signal.aborted) return { result: "again" };

    if (results.some((result) => hasManyKeys(result && "values" in result ? result.values : undefined)))
      await nextTurn();
    // The world as it is now: reading took its time.
    const plan = planWrites(this.#object, worldOf(cluster, this.#object), reads.sources, results);
    if (plan.step === "fail") return this.#fail(plan.failure);
    for (const write of plan.writes) {
      const refused = await this.#write(write);
      if (refused !== undefined) return refused;
    }
    const { ready, binding } = plan;
    const { now } = this.#deps;
    return this.#writeStatus(
      syncedStatus(this.#object, { ready, binding, started: this.#started, now: now() }),
      nextLook(refreshInterval(this.#object.spec), this.#started, now()),
    );
  }

  /** Undefined when it is written; else how the run ends. */
  async #write(write: Write): Promise<Outcome | undefined> {
    const { cluster } = this.#deps;
    const manager = fieldManager(this.#object.metadata.name);
    if (write.op !== "remove" && hasManyKeys(write.secret.data)) await nextTurn();
    try {
      if (write.op === "create") await cluster.createSecret(write.secret, manager, this.#signal);
      else if (write.op === "update")
        await cluster.updateSecret(write.secret, write.resourceVersion, manager, this.#signal);
      else await cluster.removeSecret(write.key, write.uid, this.#signal);
    } catch (thrown) {
      const refusal = writeRefusal(write.condition, thrown);
      if (refusal.error.code === "Conflict" || this.#signal.aborted) return { result: "again" };
      return this.#fail(refusal);
    }
    cluster.event(externalSecret, this.#object.metadata, write.event);
    return undefined;
  }

  #fail(failure: Failure): Promise<Outcome> {
    const { cluster, metrics, now } = this.#deps;
    const message = eventText(failure.error.message);
    metrics.syncError(this.#object.metadata);
    cluster.event(externalSecret, this.#object.metadata, { type: "Warning", reason: "UpdateFailed", message });
    return this.#writeStatus(failedStatus(this.#object, failure.condition, now()), failureOutcome(failure));
  }

  /** Writes the status if it changed; `outcome` is how the run ends when that succeeds. */
  async #writeStatus(status: ExternalSecretStatus, outcome: Outcome): Promise<Outcome> {
    const { cluster, metrics } = this.#deps;
    const { metadata } = this.#object;
    this.#log(status);
    metrics.condition(metadata, readyOf(status.conditions)?.status === "True" ? "True" : "False");
    if (!statusChanged(this.#object, status)) return outcome;
    try {
      await cluster.updateStatus(externalSecret, metadata, metadata.resourceVersion, status, this.#signal);
      return outcome;
    } catch (thrown) {
      const ended = retried(thrown);
      const { waitsFor = [] } = outcome.result === "failed" ? outcome : {};
      return ended.result === "again" ? { ...ended, waitsFor } : ended;
    }
  }

  #log(status: ExternalSecretStatus): void {
    const { namespace, name } = this.#object.metadata;
    const [before, after] = [readyOf(this.#object.status?.conditions), readyOf(status.conditions)];
    const changed = before?.status !== after?.status || before?.reason !== after?.reason;
    const fields = { ExternalSecret: { namespace, name }, ready: after?.status, reason: after?.reason };
    this.#deps.logger[changed ? "info" : "debug"](fields, "reconciled secret");
  }
}

function hasManyKeys(data: SecretMap | undefined): boolean {
  return data !== undefined && data.size >= manyKeys;
}

/** How a run ends whose last write was refused: again, when somebody else wrote meanwhile. */
function retried(thrown: unknown): Outcome {
  const error = clusterFailure(thrown);
  return error.code === "Conflict" ? { result: "again" } : { result: "failed", error };
}
