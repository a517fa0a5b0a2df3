import type { Cluster, ObjectKey } from "../../cluster/cluster.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createFlights } from "./flights.ts";
import { rereadPause } from "./reread-pause.ts";

const maxEntries = 1_000;
const maxBytes = 8 * 1024 * 1024;

/** One key of a Secret or ConfigMap. */
export interface ValueRef {
  readonly kind: "Secret" | "ConfigMap";
  readonly object: ObjectKey;
  readonly dataKey: string;
}

/** Reads values; both reject as Cluster.referencedKeys does. */
export interface Values {
  /** Undefined: the object has no such key. */
  read(ref: ValueRef, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Reads a value past the view, which may lag, unless that was done less than ten seconds ago. True: it is another one
   * than `read` gave.
   */
  reread(ref: ValueRef, signal: AbortSignal): Promise<boolean>;
}

interface Held {
  readonly version: string;
  readonly value: Uint8Array | undefined;
  readonly readAt: number;
}

/**
 * Reads values through a cache (1,000 values, 8 MiB) that asks the cluster again only when the view shows another UID or
 * resourceVersion. An object that the view does not show is always asked for, since a view may lag.
 * @param now milliseconds since the epoch
 */
export function createValues(
  cluster: Pick<Cluster, "referencedKeys" | "referencedVersion">,
  now: () => number,
): Values {
  const cache = createBoundedCache<Held>(maxEntries, maxBytes);
  const share = createFlights<Held>();

  /** `why` keeps those apart who may not share one request. */
  function ask({ kind, object, dataKey }: ValueRef, why: string, signal: AbortSignal): Promise<Held> {
    const id = idOf({ kind, object, dataKey });
    return share(`${id} ${why}`, signal, async (shared) => {
      const readAt = now();
      const read = await cluster.referencedKeys(kind, object, [dataKey], shared);
      const held = { version: versionOf(read), value: read.data.get(dataKey), readAt };
      cache.set(id, held, held.value?.byteLength ?? 0);
      return held;
    });
  }

  return {
    async read(ref, signal) {
      const id = idOf(ref);
      const seen = cluster.referencedVersion(ref.kind, ref.object);
      const version = seen && versionOf(seen);
      const held = cache.get(id);
      if (held !== undefined && held.version === version) return held.value;
      cache.delete(id);
      return (await ask(ref, `${version}`, signal)).value;
    },
    async reread(ref, signal) {
      const held = cache.get(idOf(ref));
      if (held === undefined || now() - held.readAt < rereadPause) return false;
      return (await ask(ref, "again", signal)).version !== held.version;
    },
  };
}

function idOf({ kind, object, dataKey }: ValueRef): string {
  return `${kind}/${object.namespace}/${object.name}/${dataKey}`;
}

function versionOf({ uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string }): string {
  return `${uid}/${resourceVersion}`;
}
