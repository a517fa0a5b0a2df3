import type { Cluster, ObjectKey } from "../../cluster/cluster.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createFlights } from "./flights.ts";

const maxEntries = 1_000;
const maxBytes = 8 * 1024 * 1024;

/** One key of a Secret or ConfigMap; undefined: the object has no such key. Rejects as Cluster.referencedKeys does. */
export type ReadValue = (
  kind: "Secret" | "ConfigMap",
  object: ObjectKey,
  dataKey: string,
  signal: AbortSignal,
) => Promise<Uint8Array | undefined>;

interface Held {
  readonly version: string;
  readonly value: Uint8Array | undefined;
}

/**
 * Reads values through a cache (1,000 values, 8 MiB) that asks the cluster again only when the view shows another UID or
 * resourceVersion. An object that the view does not show is always asked for, since a view may lag.
 */
export function createValues(cluster: Pick<Cluster, "referencedKeys" | "referencedVersion">): ReadValue {
  const cache = createBoundedCache<Held>(maxEntries, maxBytes);
  const share = createFlights<Uint8Array | undefined>();

  return async (kind, object, dataKey, signal) => {
    const id = `${kind}/${object.namespace}/${object.name}/${dataKey}`;
    const seen = cluster.referencedVersion(kind, object);
    const version = seen && versionOf(seen);
    const held = cache.get(id);
    if (held !== undefined && held.version === version) return held.value;
    cache.delete(id);
    return share(`${id} ${version}`, signal, async (shared) => {
      const read = await cluster.referencedKeys(kind, object, [dataKey], shared);
      const value = read.data.get(dataKey);
      cache.set(id, { version: versionOf(read), value }, value?.byteLength ?? 0);
      return value;
    });
  };
}

function versionOf({ uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string }): string {
  return `${uid}/${resourceVersion}`;
}
