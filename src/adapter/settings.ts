import { logLevels } from "../process/logs.ts";
import type { SettingTable } from "../process/settings.ts";

/** Flags of a provider's process. */
export const adapterSettings = {
  host: { flag: "--host", type: "string", default: "0.0.0.0", doc: "Address to listen on." },
  port: { flag: "--port", type: "integer", default: 8080, max: 65_535, doc: "Port for gRPC; 0: any free one." },
  metricsPort: {
    flag: "--metrics-port",
    type: "integer",
    default: 8081,
    max: 65_535,
    doc: "Port for /metrics, /healthz and /readyz; 0: any free one.",
  },
  tlsDir: {
    flag: "--tls-dir",
    type: "string",
    default: "/etc/provider/certs",
    doc: "Folder with ca.crt, tls.crt and tls.key.",
  },
  allowClients: {
    flag: "--allow-client",
    type: "strings",
    required: true,
    doc: "Who may call: the URI of a client certificate, then optionally ;methods=A,B and ;namespaces=a,b.",
  },
  logLevel: { flag: "--log-level", type: "string", choices: logLevels, default: "info", doc: "Least level logged." },
  drainTimeout: {
    flag: "--drain-timeout",
    type: "duration",
    default: "30s",
    doc: "How long calls in flight may take to end after SIGTERM.",
  },
  maxInFlightPerStore: {
    flag: "--max-in-flight-per-store",
    type: "integer",
    default: 128,
    min: 1,
    doc: "Calls in flight for one store; more are turned away with RateLimited.",
  },
  parentStdin: { flag: "--parent-stdin", type: "boolean", doc: "End when stdin ends: a parent holds it open." },
  printAddress: {
    flag: "--print-address",
    type: "boolean",
    doc: "Print one line of JSON with port and metricsPort on stdout once listening.",
  },
} as const satisfies SettingTable;
