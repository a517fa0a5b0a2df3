import { escapeControl } from "../../api/escape.ts";
import type { Provider, Store } from "../../api/provider.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Logger } from "../../process/logs.ts";
import type { Registry } from "../../process/metrics.ts";
import { reloads } from "../../process/reloads.ts";
import { references } from "../credentials/gen/references.ts";
import { createClassCertificates } from "../resolve/class-certificates.ts";
import { createClassResolver } from "../resolve/class-resolver.ts";
import type { ClassWorld } from "../resolve/classes.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import { createLookup } from "../resolve/lookup.ts";
import { mountedCertificates } from "../resolve/mounted-certificates.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import { parseResolve } from "../resolve/resolve-flag.ts";
import { createPool } from "../shim/pool.ts";
import { createShim } from "../shim/shim.ts";

/** What serves stores. */
export interface Providers {
  /** See startCore. */
  providerFor(store: Store): Provider;
  /** What looks at ProviderClasses; absent: providers are linked in, and classes name nothing. */
  readonly classes?: ClassWorld;
  /** Hears the key of each provider that is reachable again after a failure. Returns what ends it. */
  onReady(listener: (key: string) => void): () => void;
  close(): void;
}

/** Providers as processes of their own, found by class and asked through the shim. Rejects with UsageError for `resolve`. */
export async function remoteProviders(options: {
  readonly cluster: Cluster;
  readonly systemNamespace: string;
  /** Values of --resolve. */
  readonly resolve: readonly string[];
  /** Value of --tls-dir. */
  readonly tlsDir: string;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): Promise<Providers> {
  const { cluster, systemNamespace, tlsDir, registry, logger, now } = options;
  const resolve = parseResolve(options.resolve);
  const tell = reloads(registry, logger);
  const mounted = await mountedCertificates({ folder: tlsDir, tell });
  const readCertificates = createClassCertificates(cluster, { now, tell });
  const classes = { cluster, systemNamespace, resolve, readCertificates, mounted };
  const resolver = createClassResolver({ ...classes, lookup: createLookup({ table: resolve, now }) });
  const pool = createPool({ registry });
  const shim = createShim({ resolver, references, pool, registry });
  const close = () => {
    mounted.close();
    pool.close();
  };
  return { ...shim, classes, close };
}

/** Providers of this build, by key of `spec.provider`. */
export function linkedProviders(linked: ReadonlyMap<string, Provider>): Providers {
  return {
    providerFor: (store) => {
      const key = inlineKey(store);
      const provider = linked.get(key);
      if (provider !== undefined) return provider;
      const served = [...linked.keys()].toSorted().join(", ");
      throw new ResolutionError(
        "ProviderNotFound",
        `no provider serves spec.provider.${escapeControl(key)}: those linked into this build serve ${served}`,
      );
    },
    // Never away, so never back.
    onReady: () => () => {},
    close: () => {},
  };
}
