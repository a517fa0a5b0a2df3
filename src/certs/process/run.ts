import { providerLabel } from "../../api/provider-labels.ts";
import { systemClock } from "../../cluster/clock.ts";
import { createCertsCluster } from "../../cluster/kubernetes/certs-cluster.ts";
import { systemNamespace } from "../../cluster/kubernetes/system-namespace.ts";
import { logCrashes } from "../../process/crashes.ts";
import { serveEndpoints, type Endpoints } from "../../process/endpoints.ts";
import { createLogger, type Logger } from "../../process/logs.ts";
import { createRegistry, type Registry } from "../../process/metrics.ts";
import { aborted, endInTime } from "../../process/shutdown.ts";
import { startCerts, type Certs, type CertsRules } from "../certs.ts";
import { clientsOf } from "../clients.ts";
import { sharedSecretName } from "../../api/server-secret.ts";
import { caSecretName } from "../names.ts";
import type { CertsSettings } from "./settings.ts";
import packageJson from "../../../package.json" with { type: "json" };

/** What the process touches outside of it. */
export interface CertsIo {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** The parts of the process. */
interface Parts {
  readonly rules: CertsRules;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly cluster: Awaited<ReturnType<typeof createCertsCluster>>;
}

const account = "outboard-certs";

/** `outboard certs`: works until it is asked to end. Returns the exit code: 0 then, 1 when it cannot start. */
export async function runCerts(settings: CertsSettings, io: CertsIo): Promise<number> {
  const logger = createLogger({ name: account, level: settings.logLevel });
  logCrashes(logger);
  let certs: Certs | undefined;
  let parts: Parts;
  let endpoints: Endpoints;
  try {
    parts = await start(settings, logger);
    const { cluster, registry } = parts;
    endpoints = await serveEndpoints(settings, {
      registries: () => [registry],
      ready: () => [...cluster.awaited(), ...(certs?.awaited() ?? [])],
    });
  } catch (error) {
    logger.error(error instanceof Error ? error.message : "certs cannot start");
    return 1;
  }
  const { cluster, rules, registry } = parts;
  logger.info({ ...endpoints.ports, systemNamespace: rules.systemNamespace }, "started");
  io.signal.addEventListener("abort", () => endInTime(logger), { once: true });
  await Promise.race([cluster.synced, aborted(io.signal)]);
  if (!io.signal.aborted) {
    const clock = systemClock(io.now);
    certs = startCerts({ cluster, rules, clock, monotonic: () => performance.now(), registry, logger });
    await aborted(io.signal);
    await certs.stop();
  }
  await Promise.all([endpoints.close(), cluster.stop()]);
  logger.info("ended");
  return 0;
}

async function start(settings: CertsSettings, logger: Logger): Promise<Parts> {
  const { clusterDomain, trustDomain = clusterDomain, kubeconfig } = settings;
  const system = await systemNamespace(settings.systemNamespace);
  const clients = clientsOf({ systemNamespace: system, trustDomain }, settings.clients);
  const own = [caSecretName, ...clients.map(({ secretName }) => secretName)];
  const cluster = await createCertsCluster({
    ...(kubeconfig !== undefined && { kubeconfig }),
    userAgent: `outboard/${packageJson.version}`,
    serviceLabel: providerLabel,
    fixedNames: [{ name: sharedSecretName }, ...own.map((name) => ({ namespace: system, name }))],
    fieldManager: account,
    eventComponent: account,
    logger,
  });
  return { rules: { ...settings, systemNamespace: system, clients }, logger, registry: createRegistry(), cluster };
}
