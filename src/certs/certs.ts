import type { Clock } from "../cluster/clock.ts";
import { keyId, type Change, type ObjectKey } from "../cluster/cluster.ts";
import { startController } from "../cluster/controller.ts";
import type { Lane } from "../cluster/lanes.ts";
import type { QueueItem } from "../cluster/queue.ts";
import { errorTrail, type Logger } from "../process/logs.ts";
import type { Registry } from "../process/metrics.ts";
import { Authority } from "./authority.ts";
import type { CaRules } from "./ca-step.ts";
import { Changes } from "./changes.ts";
import { watchClock } from "./clock-watch.ts";
import type { CertsCluster } from "./cluster.ts";
import { caTopic, reconcileLeaf, type LeafDeps } from "./leaf.ts";
import { IssueLimits } from "./limits.ts";
import { certsMetrics } from "./metrics.ts";
import { Propagation } from "./propagation.ts";
import type { TargetRules } from "./target.ts";
import { caKey, createTargets, keysOf, type Targets } from "./targets.ts";
import { Warnings } from "./warnings.ts";

/** What {@link startCerts} goes by; times in milliseconds. */
export interface CertsRules extends TargetRules, CaRules {
  readonly caValidity: number;
  readonly leafValidity: number;
  readonly leafLookahead: number;
}

/** What {@link startCerts} needs. */
export interface CertsOptions {
  readonly cluster: CertsCluster;
  readonly rules: CertsRules;
  readonly clock: Clock;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** The running certificate controller. */
export interface Certs {
  /** What it still waits for before it can issue anything. */
  awaited(): readonly string[];
  /** Secrets that are worked on, wait for their time or for the CA. */
  pending(): readonly QueueItem[];
  /** Starts nothing more and waits for what is in hand, ten seconds at most. */
  stop(): Promise<void>;
}

const concurrent = 10;
const stopBound = 10_000;

/** Tenants never hold all workers: whoever labels Services at will does not slow the administrator's. */
const tenantLane: Lane = { name: "tenants", share: 0.5 };

/** Starts the certificate controller over a synced cluster. */
export function startCerts(options: CertsOptions): Certs {
  const { cluster, rules, clock, monotonic, registry, logger } = options;
  const now = () => clock.now();
  const targets = createTargets(cluster, rules);
  const propagation = new Propagation();
  const metrics = certsMetrics(registry, now);
  const ca = caKey(rules);
  const isCa = (key: ObjectKey) => keyId(key) === keyId(ca);
  const authority = new Authority({
    cluster,
    key: ca,
    rules,
    reach: (revision) => propagation.reach(targets.awaited(), revision),
    onChange: () => {
      controller.wake(caTopic, "at-once");
      for (const key of targets.keys()) controller.enqueue(key, "due");
    },
    metrics,
    logger,
    now,
  });
  const leafDeps: LeafDeps = {
    cluster,
    targets,
    authority,
    propagation,
    limits: new IssueLimits({ clock, monotonic }),
    warnings: new Warnings(cluster, monotonic),
    metrics,
    logger,
    systemNamespace: rules.systemNamespace,
    rules,
    now,
  };
  const controller = startController({
    concurrent,
    clock,
    lanes: (key) => (targets.at(key).target?.tenant ? [tenantLane] : []),
    reconcile: (key, signal) => (isCa(key) ? authority.reconcile(signal) : reconcileLeaf(leafDeps, key, signal)),
    onCrash: (key, thrown) => logger.error({ secret: key, error: errorTrail(thrown) }, "reconcile failed unexpectedly"),
  });

  function enqueueAll(): void {
    controller.enqueue(ca, "due");
    for (const key of targets.keys()) controller.enqueue(key, "due");
  }

  const changes = new Changes(clock, (key) => controller.enqueue(key, "changed"));
  const unwatch = cluster.watch((change) => {
    if (change.kind !== "Secret") targets.changed();
    for (const key of concerned(targets, change)) changes.add(key);
  });
  const unwatchClock = watchClock(clock, monotonic, (milliseconds) => {
    logger.warn({ milliseconds }, "the time of day jumped: everything is looked at");
    enqueueAll();
  });
  enqueueAll();

  return {
    awaited: () => (authority.current === undefined ? [`the CA in Secret ${keyId(ca)}`] : []),
    pending: () => controller.items(),
    stop: async () => {
      unwatch();
      unwatchClock();
      changes.stop();
      await controller.stop(stopBound);
    },
  };
}

/** Names that a change may concern. */
function concerned(targets: Targets, { kind, key }: Change): readonly ObjectKey[] {
  if (kind === "Service") return keysOf(key);
  return kind === "Namespace" ? targets.alternatives(key.name) : [key];
}
