import type { Provider } from "../../api/provider.ts";
import type { KubernetesCluster } from "../../cluster/kubernetes/kubernetes-cluster.ts";
import { systemNamespace } from "../../cluster/kubernetes/system-namespace.ts";
import { logCrashes } from "../../process/crashes.ts";
import { serveEndpoints, type Endpoints } from "../../process/endpoints.ts";
import { createLogger, type Logger } from "../../process/logs.ts";
import { createRegistry, type Registry } from "../../process/metrics.ts";
import { aborted, endInTime } from "../../process/shutdown.ts";
import { references as shipped } from "../credentials/gen/references.ts";
import { referencesFrom } from "../credentials/store-references.ts";
import { isOfAdministrator } from "../resolve/offer.ts";
import { namespaceWorld } from "../resolve/world.ts";
import { connectApi, isClusterWide, kindsOf } from "./api.ts";
import { leadWithLease } from "./lead.ts";
import { reportMissingFields } from "./missing-fields.ts";
import { linkedProviders, remoteProviders, type Providers } from "./providers.ts";
import type { ProcessSettings } from "./settings.ts";
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
  const cluster = await connectApi({ settings, systemNamespace: system, registry, logger });
  const { resolve, allowAddress, tlsDir } = settings;
  const references = referencesFrom(shipped, cluster);
  const providers =
    linked === undefined
      ? await remoteProviders({
          cluster,
          systemNamespace: system,
          references,
          resolve,
          allowAddress,
          tlsDir,
          registry,
          logger,
          now,
        })
      : linkedProviders(linked);
  const ofAdministrator = (namespace: string) =>
    isOfAdministrator(namespace, namespaceWorld({ cluster, systemNamespace: system }, namespace));
  const terms = createTerms({ settings, cluster, providers, references, ofAdministrator, logger, now, signal });
  const endpoints = await serveEndpoints(settings, {
    registries: () => [registry, ...terms.registries()],
    ready: () => cluster.awaited(),
  });
  logger.info({ ...endpoints.ports, systemNamespace: system }, "started");
  return { settings, logger, registry, systemNamespace: system, cluster, providers, terms, endpoints, signal };
}

async function work({ settings, logger, registry, cluster, terms, signal, ...parts }: Parts): Promise<void> {
  await reportMissingFields({ cluster, kinds: kindsOf(settings), registry, logger, signal });
  await reportUnreconciled({ cluster, clusterWide: isClusterWide(settings), registry, logger, signal });
  if (!settings.enableLeaderElection) return terms.serve(new AbortController().signal);
  const { leases } = cluster;
  await leadWithLease({ settings, leases, terms, logger, signal, systemNamespace: parts.systemNamespace });
}
