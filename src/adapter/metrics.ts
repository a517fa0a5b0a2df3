import type { Code } from "../api/errors.ts";
import type { Host } from "../host/host.ts";
import { Counter, Gauge, Histogram, type Registry } from "../process/metrics.ts";
import type { Refusal } from "./allow-client.ts";
import type { MethodName } from "./methods.ts";

/** What the adapter counts. */
export interface AdapterMetrics {
  started(method: MethodName): void;
  ended(method: MethodName, code: Code | "OK", seconds: number): void;
  refused(reason: Refusal): void;
}

/** Registers the adapter's metrics; the first two have the names of the External Secrets Operator's prototype. */
export function adapterMetrics(registry: Registry, host: Pick<Host, "clients" | "inFlight">): AdapterMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: "grpc_server_requests_total",
    help: "Calls that ended, by method and code of the error table (OK: none).",
    labelNames: ["method", "code"],
    registers,
  });
  const duration = new Histogram({
    name: "grpc_server_request_duration_seconds",
    help: "How long calls took.",
    labelNames: ["method"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  const inFlight = new Map<MethodName, number>();
  const count = (method: MethodName, change: 1 | -1) => inFlight.set(method, (inFlight.get(method) ?? 0) + change);
  void new Gauge({
    name: "grpc_server_requests_in_flight",
    help: "Calls that have not ended.",
    labelNames: ["method"],
    registers,
    collect() {
      for (const [method, calls] of inFlight) this.set({ method }, calls);
    },
  });
  const refused = new Counter({
    name: "grpc_server_requests_refused_total",
    help: "Calls that --allow-client and --allow-client-file do not name: no such identity, not this method, not this namespace.",
    labelNames: ["reason"],
    registers,
  });
  void new Gauge({
    name: "outboard_provider_clients",
    help: "Clients that are kept for their next call.",
    registers,
    collect() {
      this.set(host.clients);
    },
  });
  void new Gauge({
    name: "outboard_provider_operations_in_flight",
    help: "Operations that the provider has not ended, those whose caller has gone included.",
    registers,
    collect() {
      this.set(host.inFlight);
    },
  });
  return {
    started: (method) => void count(method, 1),
    ended: (method, code, seconds) => {
      count(method, -1);
      requests.inc({ method, code });
      duration.observe({ method }, seconds);
    },
    refused: (reason) => refused.inc({ reason }),
  };
}
