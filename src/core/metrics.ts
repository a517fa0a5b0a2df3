import { Counter, Gauge, type Registry } from "../process/metrics.ts";
import type { ObjectKey } from "../cluster/cluster.ts";
import type { QueueStats } from "../cluster/queue-stats.ts";

/** Metrics of one kind, with ESO's names and labels: `KIND_status_condition`, `KIND_reconcile_duration`. */
export interface KindMetrics {
  /** The Ready condition that an object has now. */
  condition(key: ObjectKey, status: "True" | "False"): void;
  /** How long a reconcile took; ESO's gauge is in nanoseconds. */
  duration(key: ObjectKey, milliseconds: number): void;
  /** Ends the series of an object that is gone. */
  forget(key: ObjectKey): void;
}

/** ExternalSecrets are counted too: each reconcile, each that failed. */
export interface ExternalSecretMetrics extends KindMetrics {
  syncCall(key: ObjectKey): void;
  syncError(key: ObjectKey): void;
}

/** Registers ESO's metrics of a kind; `subsystem` is "externalsecret", `words` "External Secret". */
export function kindMetrics(registry: Registry, subsystem: string, words: string): KindMetrics {
  const registers = [registry];
  const condition = new Gauge({
    name: `${subsystem}_status_condition`,
    help: `The status condition of a specific ${words}`,
    labelNames: ["name", "namespace", "condition", "status"],
    registers,
  });
  const duration = new Gauge({
    name: `${subsystem}_reconcile_duration`,
    help: `The duration time to reconcile the ${words}, in nanoseconds`,
    labelNames: ["name", "namespace"],
    registers,
  });
  return {
    condition: (key, status) => {
      for (const each of ["True", "False"]) {
        condition.set({ ...labels(key), condition: "Ready", status: each }, each === status ? 1 : 0);
      }
    },
    duration: (key, milliseconds) => duration.set(labels(key), milliseconds * 1e6),
    forget: (key) => {
      for (const status of ["True", "False"]) condition.remove({ ...labels(key), condition: "Ready", status });
      duration.remove(labels(key));
    },
  };
}

/** The metrics of ExternalSecrets. */
export function externalSecretMetrics(registry: Registry): ExternalSecretMetrics {
  const registers = [registry];
  const labelNames = ["name", "namespace"];
  const kind = kindMetrics(registry, "externalsecret", "External Secret");
  const calls = new Counter({
    name: "externalsecret_sync_calls_total",
    help: "Total number of the External Secret sync calls",
    labelNames,
    registers,
  });
  const errors = new Counter({
    name: "externalsecret_sync_calls_error",
    help: "Total number of the External Secret sync errors",
    labelNames,
    registers,
  });
  return {
    ...kind,
    syncCall: (key) => calls.inc(labels(key)),
    syncError: (key) => errors.inc(labels(key)),
    forget: (key) => {
      kind.forget(key);
      calls.remove(labels(key));
      errors.remove(labels(key));
    },
  };
}

/** Exports what the queues hold, asked for at each scrape. */
export function queueMetrics(registry: Registry, queues: ReadonlyMap<string, { stats(): QueueStats }>): void {
  const gauge = (name: string, help: string, read: (stats: QueueStats) => Readonly<Record<string, number>>) =>
    new Gauge({
      name: `outboard_queue_${name}`,
      help,
      labelNames: ["controller", "state"],
      registers: [registry],
      collect() {
        for (const [controller, queue] of queues) {
          for (const [state, value] of Object.entries(read(queue.stats()))) this.set({ controller, state }, value);
        }
      },
    });
  gauge(
    "depth",
    "Objects by what they wait for: a worker (changed by a user, back from a failure, or due), their time, or running",
    (stats) => ({
      changed: stats.changed.depth,
      woken: stats.woken.depth,
      due: stats.due.depth,
      delayed: stats.delayed,
      active: stats.active,
    }),
  );
  gauge("overdue_seconds", "How long the longest waiting object is overdue", (stats) => ({
    changed: stats.changed.oldest / 1_000,
    woken: stats.woken.oldest / 1_000,
    due: stats.due.oldest / 1_000,
  }));
}

function labels({ namespace, name }: ObjectKey): { readonly name: string; readonly namespace: string } {
  return { name, namespace };
}
