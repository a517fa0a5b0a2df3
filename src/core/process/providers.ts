import { escapeControl } from "../../api/escape.ts";
import type { Provider } from "../../api/provider.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Services } from "../../cluster/services.ts";
import type { Logger } from "../../process/logs.ts";
import type { Registry } from "../../process/metrics.ts";
import { reloads } from "../../process/reloads.ts";
import type { ReferencesOf } from "../credentials/store-references.ts";
import { parseAddresses } from "../resolve/allow-address-flag.ts";
import { createClassCertificates } from "../resolve/class-certificates.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import { createLookup } from "../resolve/lookup.ts";
import { mountedCertificates } from "../resolve/mounted-certificates.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import { targetText } from "../resolve/address-target.ts";
import { choiceFor, createResolver, destinationOf } from "../resolve/resolver.ts";
import { parseResolve } from "../resolve/resolve-flag.ts";
import { createResolveWorld, type ResolveWorld } from "../resolve/world.ts";
import type { ServedBy, ServerOf } from "../served-by.ts";
import { createPool } from "../shim/pool.ts";
import { createShim } from "../shim/shim.ts";
import type { CoreStore } from "../store.ts";

/** What serves stores. */
export interface Providers {
  /** See startCore. */
  providerFor(store: CoreStore): Provider;
  /** What providers are found in; absent: they are linked in, and classes and Services name nothing. */
  readonly world?: ResolveWorld;
  /** See startCore. */
  readonly servedBy?: ServedBy;
  /** See startCore. */
  readonly serverOf?: ServerOf;
  /** Hears which topics are to be woken. Returns what ends it. */
  onNews(listener: (topic: string) => void): () => void;
  close(): void;
}

/** Providers as processes of their own, found by class and asked through the shim. Rejects with UsageError for `resolve`. */
export async function remoteProviders(options: {
  readonly cluster: Cluster & Services;
  readonly systemNamespace: string;
  /** Paths of a spec that core reads for a provider. */
  readonly references: ReferencesOf;
  /** Values of --resolve. */
  readonly resolve: readonly string[];
  /** Values of --allow-address. */
  readonly allowAddress: readonly string[];
  /** Value of --tls-dir. */
  readonly tlsDir: string;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}): Promise<Providers> {
  const { cluster, systemNamespace, references, tlsDir, registry, logger, now } = options;
  const resolve = parseResolve(options.resolve);
  const tell = reloads(registry, logger);
  const mounted = await mountedCertificates({ folder: tlsDir, tell });
  const readCertificates = createClassCertificates(cluster, { now, tell });
  const allowedAddresses = parseAddresses(options.allowAddress);
  const places = { systemNamespace, resolve, allowedAddresses };
  const world = createResolveWorld({ cluster, services: cluster, ...places, readCertificates, mounted });
  const resolver = createResolver({ ...world, lookup: createLookup({ table: resolve, now }) });
  const pool = createPool({ registry });
  const shim = createShim({ resolver, references, pool, registry });
  const close = () => {
    mounted.close();
    pool.close();
  };
  const servedBy: ServedBy = {
    peer: async (store, signal) => {
      const spoken = await shim.peer(store, signal);
      if (spoken === undefined) return undefined;
      const destination = await destinationOf(store, world, signal).catch(() => undefined);
      return destination && { endpoint: targetText(destination.target), ...spoken };
    },
    conflict: (store) => conflictOf(store, world),
  };
  return { ...shim, world, servedBy, close };
}

function conflictOf(store: CoreStore, world: ResolveWorld): string | undefined {
  if (store.route.by !== "discovery") return undefined;
  try {
    return choiceFor(store, world).conflict;
  } catch {
    return undefined; // Nobody serves it: its Ready condition says so.
  }
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
    onNews: () => () => {},
    close: () => {},
  };
}
