import type { Outcome } from "../cluster/outcome.ts";
import type { QueueStats } from "../cluster/queue-stats.ts";
import { Counter, Gauge, Histogram, type Registry } from "../process/metrics.ts";

/** controller-runtime's metrics, which dashboards made for ESO look at; `controller` is the kind in lower case. */
export interface ControllerMetrics {
  /** A reconcile ended. */
  ended(kind: string, outcome: Outcome, milliseconds: number): void;
}

/** Registers {@link ControllerMetrics} over the queues, which are asked at each scrape. */
export function controllerMetrics(
  registry: Registry,
  concurrent: number,
  queues: () => ReadonlyMap<string, { stats(): QueueStats }>,
): ControllerMetrics {
  const registers = [registry];
  const perQueue = (name: string, help: string, labels: readonly string[], read: (stats: QueueStats) => number) =>
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers,
      collect() {
        for (const [kind, queue] of queues()) {
          const controller = kind.toLowerCase();
          this.set(Object.fromEntries(labels.map((label) => [label, controller])), read(queue.stats()));
        }
      },
    });
  perQueue("controller_runtime_active_workers", "Reconciles that run", ["controller"], ({ active }) => active);
  perQueue("controller_runtime_max_concurrent_reconciles", "Most that may run", ["controller"], () => concurrent);
  perQueue("workqueue_depth", "Objects that wait for a worker", ["name", "controller"], waiting);
  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Reconciles per controller and result",
    labelNames: ["controller", "result"],
    registers,
  });
  const errors = new Counter({
    name: "controller_runtime_reconcile_errors_total",
    help: "Reconciles per controller that failed",
    labelNames: ["controller"],
    registers,
  });
  const seconds = new Histogram({
    name: "controller_runtime_reconcile_time_seconds",
    help: "Length of a reconcile per controller",
    labelNames: ["controller"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  return {
    ended: (kind, outcome, milliseconds) => {
      const controller = kind.toLowerCase();
      const result = resultOf(outcome);
      total.inc({ controller, result });
      if (result === "error") errors.inc({ controller });
      seconds.observe({ controller }, milliseconds / 1_000);
    },
  };
}

function waiting({ changed, woken, due }: QueueStats): number {
  return changed.depth + woken.depth + due.depth;
}

/** controller-runtime's words. */
function resultOf(outcome: Outcome): "success" | "requeue_after" | "requeue" | "error" {
  if (outcome.result === "again") return "requeue";
  if (outcome.result !== "done") return "error";
  return outcome.after === undefined ? "success" : "requeue_after";
}
