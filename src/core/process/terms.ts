import type { Cluster } from "../../cluster/cluster.ts";
import type { Logger } from "../../process/logs.ts";
import { Gauge, Registry } from "../../process/metrics.ts";
import { aborted } from "../../process/shutdown.ts";
import { clusterSecretStore } from "../../api/kinds/cluster-secret-store.ts";
import { secretStore } from "../../api/kinds/secret-store.ts";
import { startCore } from "../core.ts";
import type { ReferencesOf } from "../credentials/store-references.ts";
import type { Providers } from "./providers.ts";
import { leaseName, type ProcessSettings } from "./settings.ts";

/** The times for which this process is the one that works. */
export interface Terms {
  /** Works until `lost` aborts (then stops at once) or the process is asked to end (then what is in hand is finished). */
  serve(lost: AbortSignal): Promise<void>;
  /** Metrics of leadership, and of the term that lasts. */
  registries(): readonly Registry[];
}

/** What {@link createTerms} needs. */
export interface TermsOptions {
  readonly settings: ProcessSettings;
  readonly cluster: Cluster;
  readonly providers: Providers;
  /** See startCore. */
  readonly references: ReferencesOf;
  readonly ofAdministrator: (namespace: string) => boolean;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** Makes {@link Terms}: controllers, their queues and their metrics begin anew with each. */
export function createTerms(options: TermsOptions): Terms {
  const { settings, cluster, providers, references, ofAdministrator, logger, now, signal } = options;
  const own = new Registry();
  const master = new Gauge({
    name: "leader_election_master_status",
    help: "Whether this process holds the Lease",
    labelNames: ["name"],
    registers: [own],
  });
  const name = leaseName(settings);
  master.set({ name }, 0);
  const reconciledElsewhere = new Set([
    ...(settings.enableSecretStoreReconciler ? [] : [secretStore.kind]),
    ...(settings.enableClusterStoreReconciler ? [] : [clusterSecretStore.kind]),
  ]);
  let current: Registry | undefined;
  return {
    serve: async (lost) => {
      const registry = new Registry();
      const core = startCore({
        ...providers,
        cluster,
        references,
        ofAdministrator,
        settings,
        reconciledElsewhere,
        registry,
        logger,
        now,
      });
      const unsubscribe = providers.onNews((topic) => core.wake(topic));
      current = registry;
      master.set({ name }, 1);
      await aborted(AbortSignal.any([lost, signal]));
      unsubscribe();
      await core.stop(lost.aborted ? 0 : undefined);
      current = undefined;
      master.set({ name }, 0);
    },
    registries: () => (current === undefined ? [own] : [own, current]),
  };
}
