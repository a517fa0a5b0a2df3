import type { Provider } from "../../api/provider.ts";
import type { KubernetesCluster } from "../../cluster/kubernetes/kubernetes-cluster.ts";
import { logCrashes } from "../../process/crashes.ts";
import { createLogger, type Logger } from "../../process/logs.ts";
import { createRegistry, type Registry } from "../../process/metrics.ts";
import { connectApi, isClusterWide } from "./api.ts";
import { serveEndpoints, type Endpoints } from "./endpoints.ts";
import { leadWithLease } from "./lead.ts";
import { linkedProviders, remoteProviders, type Providers } from "./providers.ts";
import type { ProcessSettings } from "./settings.ts";
import { systemNamespace } from "./system-namespace.ts";
import { createTerms, type Terms } from "./terms.ts";
import { reportUnreconciled } from "./unreconciled.ts";

/** What the process touches outside of it. */
export interface ProcessIo {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  /** Providers of this build, by key of `spec.provider`; undefined: they are processes of their own. */
  readonly linked: ReadonlyMap<string, Provider> | undefined;
}

/** The parts of the process. */
interface Parts {
  readonly settings: ProcessSettings;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly systemNamespace: string;
  readonly cluster: KubernetesCluster;
  readonly providers: Providers;
  readonly terms: Terms;
  readonly endpoints: Endpoints;
  readonly signal: AbortSignal;
}

/** Milliseconds after which a process that was asked to end does: below the 30 s that Kubernetes gives it. */
const endBound = 25_000;

/** `outboard core`: works until it is asked to end. Returns the exit code: 0 then, 1 when it cannot start. */
export async function runCore(settings: ProcessSettings, io: ProcessIo): Promise<number> {
  const logger = createLogger({ name: "outboard", level: settings.logLevel });
  logCrashes(logger);
  let parts: Parts;
  try {
    parts = await start(settings, io, logger);
  } catch (error) {
    logger.error(error instanceof Error ? error.message : "core cannot start");
    return 1;
  }
  const { endpoints, cluster, providers } = parts;
  io.signal.addEventListener("abort", () => endInTime(logger), { once: true });
  await Promise.race([cluster.synced, aborted(io.signal)]);
  if (!io.signal.aborted) await work(parts);
  await Promise.all([endpoints.close(), cluster.stop()]);
  providers.close();
  logger.info("ended");
  return 0;
}

async function start(settings: ProcessSettings, io: ProcessIo, logger: Logger): Promise<Parts> {
  const { linked, now, signal } = io;
  const registry = createRegistry();
  const system = await systemNamespace(settings.systemNamespace);
  const cluster = await connectApi(settings, logger);
  const { resolve } = settings;
  const providers =
    linked === undefined
      ? remoteProviders({ cluster, systemNamespace: system, resolve, registry, now })
      : linkedProviders(linked);
  const terms = createTerms({ settings, cluster, providers, logger, now, signal });
  const endpoints = await serveEndpoints(settings, {
    registries: () => [registry, ...terms.registries()],
    ready: () => cluster.awaited(),
  });
  logger.info({ ...endpoints.ports, systemNamespace: system }, "started");
  return { settings, logger, registry, systemNamespace: system, cluster, providers, terms, endpoints, signal };
}

async function work({ settings, logger, registry, cluster, terms, signal, ...parts }: Parts): Promise<void> {
  await reportUnreconciled({ cluster, clusterWide: isClusterWide(settings), registry, logger, signal });
  if (!settings.enableLeaderElection) return terms.serve(new AbortController().signal);
  const { leases } = cluster;
  await leadWithLease({ settings, leases, terms, logger, signal, systemNamespace: parts.systemNamespace });
}

function endInTime(logger: Logger): void {
  logger.info("ending");
  setTimeout(() => {
    logger.error(`not ended after ${endBound / 1_000} s: cut off`);
    process.exit(1);
  }, endBound).unref();
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
