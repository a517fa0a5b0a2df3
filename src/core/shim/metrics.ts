import { Counter, Gauge, Histogram, type Registry } from "../../process/metrics.ts";
import type { Code } from "../../api/errors.ts";

/** What the shim counts. `target` is the provider's server name. */
export interface ShimMetrics {
  /** A call of a provider ended. */
  call(method: string, target: string, code: Code | "OK", seconds: number): void;
}

/** Buckets of the prototype. */
const buckets = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30];

/** Registers `grpc_client_requests_total` and `grpc_client_request_duration_seconds`. */
export function createShimMetrics(registry: Registry): ShimMetrics {
  const requests = new Counter({
    name: "grpc_client_requests_total",
    help: "Calls of providers that ended, by outcome.",
    labelNames: ["method", "target", "code"],
    registers: [registry],
  });
  const durations = new Histogram({
    name: "grpc_client_request_duration_seconds",
    help: "How long calls of providers took.",
    labelNames: ["method", "target"],
    buckets,
    registers: [registry],
  });
  return {
    call(method, target, code, seconds) {
      requests.inc({ method, target, code });
      durations.observe({ method, target }, seconds);
    },
  };
}

/** Registers `grpc_pool_connections`, which asks `count` at each scrape: connections by server name and state. */
export function registerPoolMetrics(
  registry: Registry,
  count: () => Iterable<{ readonly target: string; readonly state: string }>,
): void {
  const gauge = new Gauge({
    name: "grpc_pool_connections",
    help: "Connections to providers, by state.",
    labelNames: ["target", "state"],
    registers: [],
    collect() {
      this.reset();
      for (const { target, state } of count()) this.inc({ target, state });
    },
  });
  registry.registerMetric(gauge);
}
