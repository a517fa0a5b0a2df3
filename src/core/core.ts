import { clusterProvider } from "../api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../api/kinds/external-secret.ts";
import { provider } from "../api/kinds/provider.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Code } from "../api/errors.ts";
import type { Provider } from "../api/provider.ts";
import { systemClock } from "../cluster/clock.ts";
import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import { startController, type Controller, type ControllerOptions } from "../cluster/controller.ts";
import type { Outcome } from "../cluster/outcome.ts";
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
import type { StoreRef } from "./credentials/dependencies.ts";
import { defaultPolicy, type CredentialPolicy } from "./credentials/policy.ts";
import type { ReferencesOf } from "./credentials/store-references.ts";
import { isDirect } from "./direct-refs.ts";
import { classKinds, storeKind } from "./kinds.ts";
import { externalSecretLanes, storeObjectLanes } from "./lanes.ts";
import { externalSecretMetrics, kindMetrics, queueMetrics, type KindMetrics } from "./metrics.ts";
import type { ResolveWorld } from "./resolve/world.ts";
import type { ServedBy, ServerOf } from "./served-by.ts";
import type { CoreSettings } from "./settings.ts";
import { StoreNews } from "./store-news.ts";
import type { CoreStore } from "./store.ts";
import { watchCluster } from "./watch.ts";

/** What {@link startCore} needs. */
export interface CoreOptions {
  readonly cluster: Cluster;
  /** What serves a store; the one seam to providers. Throws ProviderError when nothing does. */
  readonly providerFor: (store: CoreStore) => Provider;
  /** What providers are found in; absent: this core finds them without classes and Services. */
  readonly world?: ResolveWorld;
  /** What can be said of who serves a store; absent: nothing. */
  readonly servedBy?: ServedBy;
  /** Absent: there are no servers. */
  readonly serverOf?: ServerOf;
  /** Which paths of a store's spec refer to Kubernetes. */
  readonly references: ReferencesOf;
  /** Whether only administrators write into a namespace. */
  readonly ofAdministrator: (namespace: string) => boolean;
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
  /** Makes due what waits for something, see topics.ts: "provider:KEY", "restart:SERVER". */
  wake(topic: string): void;
}

/** Milliseconds that reconciles have to end in when core is stopped. */
const stopBound = 10_000;

/** Starts the controllers of ExternalSecrets and of all kinds of store over a synced cluster. */
export function startCore(options: CoreOptions): Core {
  const { cluster, providerFor, world, servedBy, serverOf, references, ofAdministrator, settings } = options;
  const { registry, logger, now } = options;
  const clock = systemClock(now);
  const credentials = createCredentials({ cluster, policy: { ...defaultPolicy, ...settings }, ofAdministrator, now });
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
  /** `name` is the kind's in references. */
  const startStores = (name: string, metrics: KindMetrics): Controller => {
    const onLook = news.looked.bind(news);
    const deps = { cluster, clients, servedBy, serverOf, contests, references, settings, metrics, logger, now, onLook };
    return start(name, {
      lanes: (key) => storeObjectLanes(cluster, { ...key, kind: name }),
      reconcile: async (key, signal) => {
        const ref = { ...key, kind: name };
        const kind = storeKind(cluster, name);
        // Its CustomResourceDefinition is gone, or not there yet.
        if (kind === undefined) return forgetStore(ref);
        return reconcileStore({ ...deps, kind }, ref, signal);
      },
    });
  };
  const forgetStore = (ref: StoreRef): Outcome => {
    news.looked(ref, "gone");
    return { result: "done" };
  };
  const syncDeps = { cluster, clients, contests, settings, metrics: externalSecretMetrics(registry), logger, now };
  const startClasses = (world: ResolveWorld): readonly (readonly [string, Controller])[] =>
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
      [provider, "Provider"],
      [clusterProvider, "Cluster Provider"],
    ] as const
  )
    .filter(([{ kind }]) => isOurs(kind))
    .map(([{ kind }, words]) => [kind, startStores(kind, kindMetrics(registry, kind.toLowerCase(), words))] as const);
  const configMetrics = kindMetrics(registry, "providerconfig", "config object of a provider");
  const foreign = new ForeignLooks(cluster, (ref, look) => news.looked(ref, look));
  const controllers = new Map<string, Controller>([
    ...(world === undefined ? [] : startClasses(world)),
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
    enqueue: (kind, key, queueClass) => {
      // Config kinds have their controller from when one of them is first used by itself.
      if (isDirect({ kind, ...key }) && !controllers.has(kind))
        controllers.set(kind, startStores(kind, namedBy(kind, configMetrics)));
      controllers.get(kind)?.enqueue(key, queueClass);
    },
    storeSeen: (ref) => {
      if (!isOurs(ref.kind)) foreign.seen(ref);
    },
    storeChanged: (ref) => news.changed(ref),
    wake,
    world,
    clock,
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

/** Metrics of one of several kinds that share series: the kind is part of the name. */
function namedBy(kind: string, metrics: KindMetrics): KindMetrics {
  const named = ({ namespace, name }: ObjectKey): ObjectKey => ({ namespace, name: `${kind}/${name}` });
  return {
    condition: (key, status) => metrics.condition(named(key), status),
    duration: (key, milliseconds) => metrics.duration(named(key), milliseconds),
    forget: (key) => metrics.forget(named(key)),
  };
}

function pendingOf(kind: string, controller: Controller): readonly PendingItem[] {
  return controller.items().map(({ error, ...item }) => ({
    kind,
    ...item,
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
  }));
}
