import { once } from "node:events";
import { defaultLimits } from "../host/limits.ts";
import type { ProviderDefinition } from "../host/definition.ts";
import { logCrashes } from "../process/crashes.ts";
import { escapeControl } from "../api/escape.ts";
import { createLogger } from "../process/logs.ts";
import { collectProcessMetrics, Registry } from "../process/metrics.ts";
import { serveProbes } from "../process/probes.ts";
import { helpText, parseSettings, UsageError, wantsHelp } from "../process/settings.ts";
import { shutdownSignal } from "../process/shutdown.ts";
import { parseAllowClient } from "./allow-client.ts";
import { createServer } from "./server.ts";
import { adapterSettings, checkAdapterSettings } from "./settings.ts";
import { followMounted } from "./mounted.ts";

/**
 * A provider's process, from its command line to its end. Exit codes: 0 after a drain, 1 when it cannot start or serve,
 * 2 for bad usage.
 */
export function main(definition: ProviderDefinition): void {
  const argv = process.argv.slice(2);
  if (wantsHelp(argv)) {
    process.stdout.write(
      helpText(`Serves the provider ${definition.name} (${definition.displayName}).`, adapterSettings),
    );
    return;
  }
  start(definition, argv).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown error";
    process.stderr.write(`provider ${definition.name}: ${escapeControl(reason)}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  });
}

async function start(definition: ProviderDefinition, argv: readonly string[]): Promise<void> {
  const settings = parseSettings(adapterSettings, argv);
  checkAdapterSettings(settings);
  const allowClients = settings.allowClients.map(parseAllowClient);
  const stop = shutdownSignal(settings.parentStdin ? process.stdin : undefined);
  const logger = createLogger({ name: `provider-${definition.name}`, level: settings.logLevel });
  logCrashes(logger);
  const registry = new Registry();
  const mounted = await followMounted({ ...settings, allowClients }, registry, logger);
  const server = createServer({
    definition,
    certificates: mounted.certificates,
    allowClients: mounted.allowClients,
    maxConnectionAge: settings.maxConnectionAge,
    hostLimits: { ...defaultLimits, inFlightPerStore: settings.maxInFlightPerStore },
    registry,
    logger,
  });
  const port = await listen("--port", settings.port, server.listen(settings.host, settings.port));
  const serving = serveProbes({
    host: settings.host,
    port: settings.metricsPort,
    registry,
    ready: () => [...mounted.awaited(), ...server.ready()],
  });
  const probes = await listen("--metrics-port", settings.metricsPort, serving);
  if (settings.printAddress) process.stdout.write(`${JSON.stringify({ port, metricsPort: probes.port })}\n`);
  collectProcessMetrics(registry);
  logger.info({ version: definition.version, port, metricsPort: probes.port }, "serving");

  if (!stop.aborted) await once(stop, "abort");
  logger.info("draining");
  const whole = await server.drain(settings.drainTimeout);
  if (!whole) logger.warn("calls were cut off: they took longer than --drain-timeout");
  await probes.close();
  process.exit(0);
}

/** Says which flag is to blame when a port cannot be had. */
async function listen<T>(flag: string, port: number, listening: Promise<T>): Promise<T> {
  return listening.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new Error(`cannot listen on port ${port} (${reason}): choose another with ${flag}`, { cause: error });
  });
}
