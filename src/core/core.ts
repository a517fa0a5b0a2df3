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
import { createContests } from "./controllers/contest.ts";
import { controllerMetrics } from "./controller-metrics.ts";
import { reconcileExternalSecret } from "./controllers/external-secret/run.ts";
import { reconcileClass } from "./controllers/provider-class/run.ts";
import { reconcileStore } from "./controllers/store/run.ts";
import { ForeignLooks } from "./foreign-looks.ts";
import { createCredentials } from "./credentials/credentials.ts";
import { defaultPolicy, type CredentialPolicy } from "./credentials/policy.ts";
import { references } from "./credentials/gen/references.ts";
import { classKinds } from "./kinds.ts";
import { externalSecretLanes, storeObjectLanes } from "./lanes.ts";
import { externalSecretMetrics, kindMetrics, queueMetrics } from "./metrics.ts";
import type { ClassWorld } from "./resolve/classes.ts";
import type { CoreSettings } from "./settings.ts";
import { StoreNews } from "./store-news.ts";
import { watchCluster } from "./watch.ts";

/** What {@link startCore} needs. */
export interface CoreOptions {
  readonly cluster: Cluster;
  /** What serves a store; the one seam to providers. Throws ProviderError when nothing does. */
  readonly providerFor: (store: Store) => Provider;
  /** What looks at ProviderClasses and ClusterProviderClasses; absent: this core finds providers without them. */
  readonly classes?: ClassWorld;
  readonly settings: CoreSettings & Partial<CredentialPolicy>;
  /** Kinds of store that another operator reconciles; what it says of them counts here. */
  readonly reconciledElsewhere?: ReadonlySet<string>;
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
  /** Ends watching and waits for the reconciles in hand, `bound` milliseconds at most (ten seconds); 0: cuts them off. */
  stop(bound?: number): Promise<void>;
  pending(): readonly PendingItem[];
  /** Makes due what failed through something that is back: "provider:KEY", "store:KIND/NAMESPACE/NAME". */
  wake(topic: string): void;
}

/** Milliseconds that reconciles have to end in when core is stopped. */
const stopBound = 10_000;

/** Starts the controllers of ExternalSecrets and both kinds of store over a synced cluster. */
export function startCore(options: CoreOptions): Core {
  const { cluster, providerFor, classes, settings, registry, logger, now } = options;
  const clock = systemClock(now);
  const credentials = createCredentials({ cluster, policy: { ...defaultPolicy, ...settings }, now });
  const clients = { providerFor, credentials };
  const contests = createContests({ cluster, registry, now });
  const wake = (topic: string, pace?: WakePace) => {
    for (const controller of controllers.values()) controller.wake(topic, pace);
  };
  const news = new StoreNews(wake, (ref) => credentials.forget(ref));

  const runs = controllerMetrics(registry, settings.concurrent, () => controllers);
  const start = (kind: string, options: Pick<ControllerOptions, "lanes" | "reconcile">): Controller =>
    startController({
      ...options,
      reconcile: async (key, signal) => {
        const started = performance.now();
        const outcome = await options.reconcile(key, signal);
        runs.ended(kind, outcome, performance.now() - started);
        return outcome;
      },
      concurrent: settings.concurrent,
      clock,
      onCrash: ({ namespace, name }, thrown) =>
        logger.error({ kind, namespace, name, error: errorTrail(thrown) }, "reconcile failed unexpectedly"),
    });
  const startStores = (kind: typeof secretStore | typeof clusterSecretStore, words: string): Controller => {
    const metrics = kindMetrics(registry, kind.kind.toLowerCase(), words);
    const onLook = news.looked.bind(news);
    const deps = { cluster, kind, clients, contests, references, settings, metrics, logger, now, onLook };
    return start(kind.kind, {
      lanes: (key) => storeObjectLanes(cluster, { ...key, kind: kind.kind }),
      reconcile: (key, signal) => reconcileStore(deps, { ...key, kind: kind.kind }, signal),
    });
  };
  const syncDeps = { cluster, clients, contests, settings, metrics: externalSecretMetrics(registry), logger, now };
  const startClasses = (world: ClassWorld): readonly (readonly [string, Controller])[] =>
    classKinds.map((kind) => {
      const deps = { cluster, kind, world, contests, interval: settings.storeRequeueInterval, now };
      const reconcile = (key: ObjectKey, signal: AbortSignal) =>
        reconcileClass(deps, { kind: kind.kind, ...key }, signal);
      return [kind.kind, start(kind.kind, { lanes: () => [], reconcile })];
    });
  const isOurs = (kind: string) => options.reconciledElsewhere?.has(kind) !== true;
  const stores = (
    [
      [secretStore, "Secret Store"],
      [clusterSecretStore, "Cluster Secret Store"],
    ] as const
  )
    .filter(([{ kind }]) => isOurs(kind))
    .map(([kind, words]) => [kind.kind, startStores(kind, words)] as const);
  const foreign = new ForeignLooks(cluster, (ref, look) => news.looked(ref, look));
  const controllers: ReadonlyMap<string, Controller> = new Map([
    ...(classes === undefined ? [] : startClasses(classes)),
    ...stores,
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
    storeSeen: (ref) => {
      if (!isOurs(ref.kind)) foreign.seen(ref);
    },
    storeChanged: (ref) => news.changed(ref),
    wake,
    classes,
  });

  return {
    stop: async (bound = stopBound) => {
      unwatch();
      await Promise.all(Array.from(controllers.values(), (controller) => controller.stop(bound)));
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
