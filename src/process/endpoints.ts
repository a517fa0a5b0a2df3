import { parseListenAddress } from "./listen-address.ts";
import { Registry } from "./metrics.ts";
import type { SettingTable } from "./settings.ts";
import { serveProbes, type Probes } from "./probes.ts";

/** Flags of each process that serves them. */
export const endpointSettings = {
  metricsAddr: {
    flag: "--metrics-addr",
    type: "string",
    default: ":8080",
    doc: "Where /metrics is served; 0: nowhere.",
  },
  liveAddr: {
    flag: "--live-addr",
    type: "string",
    default: ":8082",
    doc: "Where /healthz and /readyz are served; 0: nowhere.",
  },
} as const satisfies SettingTable;

/** Where metrics and probes are served. */
export interface Endpoints {
  /** The ports that were had. */
  readonly ports: { readonly metricsPort?: number; readonly livePort?: number };
  close(): Promise<void>;
}

/** Serves /metrics at --metrics-addr, /healthz and /readyz at --live-addr. Rejects with an Error that names the flag. */
export async function serveEndpoints(
  { metricsAddr, liveAddr }: { readonly metricsAddr: string; readonly liveAddr: string },
  { registries, ready }: { readonly registries: () => readonly Registry[]; readonly ready: () => readonly string[] },
): Promise<Endpoints> {
  const registry = {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    metrics: async () => (await Promise.all(registries().map((each) => each.metrics()))).join("\n"),
  };
  const metrics = await serve("--metrics-addr", metricsAddr, { registry });
  const live = await serve("--live-addr", liveAddr, { ready });
  return {
    ports: { ...(metrics && { metricsPort: metrics.port }), ...(live && { livePort: live.port }) },
    close: async () => {
      await Promise.all([metrics?.close(), live?.close()]);
    },
  };
}

async function serve(
  flag: string,
  text: string,
  what: Omit<Parameters<typeof serveProbes>[0], "host" | "port">,
): Promise<Probes | undefined> {
  const address = parseListenAddress(flag, text);
  if (address === undefined) return undefined;
  return serveProbes({ ...address, ...what }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot listen on ${text} (${error.code ?? "unknown error"}): choose another with ${flag}`, {
      cause: error,
    });
  });
}
