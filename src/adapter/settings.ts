import { logLevels } from "../process/logs.ts";
import { UsageError, type SettingTable, type SettingValues } from "../process/settings.ts";

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
    doc: "Folder with ca.crt, tls.crt and tls.key, followed as they change.",
  },
  allowClients: {
    flag: "--allow-client",
    type: "strings",
    doc: "Who may call: the URI of a client certificate, then optionally ;methods=A,B and ;namespaces=a,b; may be repeated.",
  },
  allowClientFile: {
    flag: "--allow-client-file",
    type: "string",
    doc: "A file with one value of --allow-client a line, followed as it changes; this or --allow-client is required.",
  },
  maxConnectionAge: {
    flag: "--max-connection-age",
    type: "duration",
    default: "5m",
    doc: "Age, give or take a tenth, at which a connection is closed, so that the next one uses the newest certificates.",
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

/** What {@link adapterSettings} parse to. */
export type AdapterSettings = SettingValues<typeof adapterSettings>;

/** Throws UsageError for values that are no good, and when nobody is named who may call. */
export function checkAdapterSettings({ allowClients, allowClientFile, maxConnectionAge }: AdapterSettings): void {
  if (allowClients.length === 0 && allowClientFile === undefined) {
    throw new UsageError("--allow-client or --allow-client-file is required: without one nobody may call");
  }
  if (maxConnectionAge < 1_000 || maxConnectionAge > 2 ** 31 - 1) {
    throw new UsageError("--max-connection-age must be from 1s to 24 days: clients connect again that often");
  }
}
