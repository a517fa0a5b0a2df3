import { setTimeout as sleep } from "node:timers/promises";
import { isObject } from "../api/structural.ts";
import type { KubeObject } from "../cluster/objects.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import { startCore } from "../core/core.ts";
import type { Core, PendingItem } from "../core/core.ts";
import { usableConfigMark } from "../core/config-mark.ts";
import { references as shipped } from "../core/credentials/gen/references.ts";
import { referencesFrom } from "../core/credentials/store-references.ts";
import { createPool } from "../core/shim/pool.ts";
import { createShim } from "../core/shim/shim.ts";
import { providerTopic } from "../core/topics.ts";
import type { Logger } from "../process/logs.ts";
import { createRegistry } from "../process/metrics.ts";
import { certificates } from "../wire/certificates.ts";
import type { BundleManifest } from "./bundle-manifest.ts";
import type { LocalCluster } from "./cluster/local-cluster.ts";
import { launchBundle } from "./launch.ts";
import { createLocalResolver } from "./resolver.ts";
import type { RunKeys } from "./run-keys.ts";
import type { LocalSettings } from "./settings.ts";
import { createSupervisor } from "./supervisor.ts";
import type { Supervisor } from "./supervisor.ts";

/** A child is to say within this time where it listens. */
const startTimeout = 10_000;

/** Longer than the child's own bound on calls in flight. */
const stopGrace = 4_000;

/** How long core waits for providers, so that no store begins with "is starting". */
const startGrace = 5_000;

/** What {@link startOperator} needs. */
export interface OperatorOptions {
  readonly cluster: LocalCluster;
  readonly manifest: BundleManifest;
  readonly keys: RunKeys;
  readonly settings: LocalSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Hears each line that a provider logs, unescaped. */
  readonly onLine: (provider: string, line: string) => void;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Core over a local cluster, with the providers that its stores need as child processes. */
export interface Operator {
  /** What core still has to do, see {@link Core}. */
  pending(): readonly PendingItem[];
  /** Starts the providers of stores that came since. */
  startProviders(): void;
  stop(): Promise<void>;
}

/** Starts the providers, then core. */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { cluster, manifest, keys, settings, logger } = options;
  let core: Core | undefined;
  const supervisor = createSupervisor({
    manifest,
    launch: async (bundle) =>
      launchBundle(bundle, {
        environment: options.environment,
        tlsDir: await keys.provider(bundle.name),
        logLevel: settings.logLevel,
        knowsFlag: (flag) => process.allowedNodeEnvironmentFlags.has(flag),
      }),
    onState: (bundle, state) => {
      if (state.phase === "failed") logger.warn(state.reason);
      // The pool does not know a provider that never listened: whoever waits for it hears of it here.
      else if (state.phase === "running") for (const key of bundle.keys) core?.wake(providerTopic(key));
    },
    onLine: (bundle, line) => options.onLine(bundle.name, line),
    startTimeout,
    stopGrace,
  });
  const registry = createRegistry();
  const pool = createPool({ registry });
  const resolver = createLocalResolver({
    manifest,
    certificates: certificates(keys.core),
    state: (key) => supervisor.state(key),
  });
  const references = referencesFrom(shipped, cluster);
  const shim = createShim({ resolver, references, pool, registry });

  await Promise.race([
    startAll(cluster, supervisor),
    sleep(startGrace, undefined, { ref: false }),
    aborted(options.signal),
  ]);
  const { now } = options;
  const started = startCore({
    cluster,
    providerFor: (store) => shim.providerFor(store),
    serverOf: shim.serverOf,
    references,
    // All manifests are of whoever runs this.
    ofAdministrator: () => true,
    settings,
    registry,
    logger,
    now,
  });
  core = started;
  const unsubscribe = shim.onNews((topic) => started.wake(topic));
  return {
    pending: () => started.pending(),
    startProviders: () => void startAll(cluster, supervisor),
    stop: async () => {
      unsubscribe();
      await started.stop();
      pool.close();
      await supervisor.stop();
    },
  };
}

/** Starts the provider of each store and config object; resolves when each runs or has failed. */
async function startAll(cluster: LocalCluster, supervisor: Supervisor): Promise<void> {
  const inline = [secretStore, clusterSecretStore].flatMap((kind) => cluster.list(kind)).flatMap(keysOf);
  const configs = cluster.followedKinds().filter((kind) => cluster.list(kind).length > 0);
  const keys = new Set([...inline, ...configs.flatMap((kind) => usableConfigMark(kind)?.key ?? [])]);
  await Promise.all([...keys].map((key) => supervisor.start(key)));
}

/** The key of a store that has its configuration in itself. */
function keysOf({ spec }: KubeObject): readonly string[] {
  return isObject(spec) && isObject(spec["provider"]) ? Object.keys(spec["provider"]) : [];
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
