import { ClusterError } from "../../cluster/cluster.ts";
import type { KubernetesCluster } from "../../cluster/kubernetes/kubernetes-cluster.ts";
import type { Resource } from "../../cluster/kubernetes/paths.ts";
import type { Logger } from "../../process/logs.ts";
import { Gauge, type Registry } from "../../process/metrics.ts";

/** ESO's kinds that nothing here reconciles yet. */
const kinds: readonly Resource[] = [
  { apiVersion: "external-secrets.io/v1alpha1", kind: "PushSecret", namespaced: true, plural: "pushsecrets" },
  {
    apiVersion: "external-secrets.io/v1",
    kind: "ClusterExternalSecret",
    namespaced: false,
    plural: "clusterexternalsecrets",
  },
  {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: "ClusterPushSecret",
    namespaced: false,
    plural: "clusterpushsecrets",
  },
  {
    apiVersion: "generators.external-secrets.io/v1alpha1",
    kind: "GeneratorState",
    namespaced: true,
    plural: "generatorstates",
  },
];

/** What {@link reportUnreconciled} needs. */
export interface UnreconciledOptions {
  readonly cluster: Pick<KubernetesCluster, "count">;
  /** Whether kinds of the cluster may be counted: rights of a Role do not reach them. */
  readonly clusterWide: boolean;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Counts objects that are left as they are, so that nobody thinks they work: one log line, and the metric
 * `outboard_unreconciled_objects`. A kind that cannot be counted is left out: nothing depends on it.
 */
export async function reportUnreconciled(options: UnreconciledOptions): Promise<void> {
  const { cluster, clusterWide, registry, logger, signal } = options;
  const gauge = new Gauge({
    name: "outboard_unreconciled_objects",
    help: "Objects of kinds that are not reconciled, counted at start",
    labelNames: ["kind"],
    registers: [registry],
  });
  const found = new Map<string, number>();
  for (const resource of kinds.filter(({ namespaced }) => namespaced || clusterWide)) {
    const { kind } = resource;
    try {
      const count = await cluster.count(resource, signal);
      gauge.set({ kind }, count);
      if (count > 0) found.set(kind, count);
    } catch (error) {
      logger.warn({ kind, reason: error instanceof ClusterError ? error.reason : "unexpected" }, "cannot be counted");
    }
  }
  if (found.size === 0) return;
  logger.warn({ objects: Object.fromEntries(found) }, "objects of these kinds are not reconciled by this version");
}
