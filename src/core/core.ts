import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../api/kinds/external-secret.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Code } from "../api/errors.ts";
import type { Provider, Store } from "../api/provider.ts";
import { systemClock } from "../cluster/clock.ts";
import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import { startController, type Controller, type ControllerOptions } from "../cluster/controller.ts";
import type { WakePace } from "../cluster/queue.ts";
import { errorTrail, type Logger } from "../process/logs.ts";
import type { Registry } from "../process/metrics.ts";
import { reconcileExternalSecret } from "./controllers/external-secret/run.ts";
import { reconcileStore } from "./controllers/store/run.ts";
import { createCredentials } from "./credentials/credentials.ts";
import { references } from "./credentials/gen/references.ts";
import { externalSecretLanes, storeObjectLanes } from "./lanes.ts";
import { externalSecretMetrics, kindMetrics, queueMetrics } from "./metrics.ts";
import type { CoreSettings } from "./settings.ts";
import { StoreNews } from "./store-news.ts";
import { watchCluster } from "./watch.ts";

/** What {@link startCore} needs. */
export interface CoreOptions {
  readonly cluster: Cluster;
  /** What serves a store; the one seam to providers. Throws ProviderError when nothing does. */
  readonly providerFor: (store: Store) => Provider;
  readonly settings: CoreSettings;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** An object that is not at rest: it runs, is due later, waits for something, or is stuck. */
export interface PendingItem {
  readonly kind: string;
  readonly key: ObjectKey;
  /** It is being reconciled. */
  readonly active: boolean;
  /** When it is due, milliseconds since the epoch; absent: when something changes. */
  readonly dueAt?: number;
  /** How often in a row it failed. */
  readonly failures: number;
  readonly error?: { readonly code: Code; readonly message: string };
}

/** The running operator. */
export interface Core {
  /** Ends watching and waits for the reconciles in hand, ten seconds at most. */
  stop(): Promise<void>;
  pending(): readonly PendingItem[];
  /** Makes due what failed through something that is back: "provider:KEY", "store:KIND/NAMESPACE/NAME". */
  wake(topic: string): void;
}

/** Milliseconds that reconciles have to end in when core is stopped. */
const stopBound = 10_000;

/** Starts the controllers of ExternalSecrets and both kinds of store over a synced cluster. */
export function startCore({ cluster, providerFor, settings, registry, logger, now }: CoreOptions): Core {
  const clock = systemClock(now);
  const credentials = createCredentials({ cluster, now });
  const clients = { providerFor, credentials };
  const wake = (topic: string, pace?: WakePace) => {
    for (const controller of controllers.values()) controller.wake(topic, pace);
  };
  const news = new StoreNews(wake, (ref) => credentials.forget(ref));

  const start = (kind: string, options: Pick<ControllerOptions, "lanes" | "reconcile">): Controller =>
    startController({
      ...options,
      concurrent: settings.concurrent,
      clock,
      onCrash: ({ namespace, name }, thrown) =>
        logger.error({ kind, namespace, name, error: errorTrail(thrown) }, "reconcile failed unexpectedly"),
    });
  const startStores = (kind: typeof secretStore | typeof clusterSecretStore, words: string): Controller => {
    const metrics = kindMetrics(registry, kind.kind.toLowerCase(), words);
    const onLook = news.looked.bind(news);
    const deps = { cluster, kind, clients, references, settings, metrics, logger, now, onLook };
    return start(kind.kind, {
      lanes: (key) => storeObjectLanes(cluster, { ...key, kind: kind.kind }),
      reconcile: (key, signal) => reconcileStore(deps, { ...key, kind: kind.kind }, signal),
    });
  };
  const syncDeps = { cluster, clients, settings, metrics: externalSecretMetrics(registry), logger, now };
  const controllers: ReadonlyMap<string, Controller> = new Map([
    [secretStore.kind, startStores(secretStore, "Secret Store")],
    [clusterSecretStore.kind, startStores(clusterSecretStore, "Cluster Secret Store")],
    [
      externalSecret.kind,
      start(externalSecret.kind, {
        lanes: (key) => externalSecretLanes(cluster, key),
        reconcile: (key, signal) => reconcileExternalSecret(syncDeps, key, signal),
      }),
    ],
  ]);
  queueMetrics(registry, controllers);
  const unwatch = watchCluster({
    cluster,
    dependents: (kind, key) => credentials.dependents(kind, key),
    enqueue: (kind, key, queueClass) => controllers.get(kind)?.enqueue(key, queueClass),
    storeChanged: (ref) => news.changed(ref),
    wake,
  });

  return {
    stop: async () => {
      unwatch();
      await Promise.all(Array.from(controllers.values(), (controller) => controller.stop(stopBound)));
    },
    pending: () => Array.from(controllers, ([kind, controller]) => pendingOf(kind, controller)).flat(),
    wake: (topic) => wake(topic),
  };
}

function pendingOf(kind: string, controller: Controller): readonly PendingItem[] {
  return controller.items().map(({ error, ...item }) => ({
    kind,
    ...item,
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
  }));
}
