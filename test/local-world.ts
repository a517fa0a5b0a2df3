import { fileURLToPath } from "node:url";
import type { ObjectKey } from "../src/cluster/cluster.ts";
import type { Kind } from "../src/cluster/objects.ts";
import { createLocalCluster, type LocalCluster } from "../src/local/cluster/local-cluster.ts";
import { loadSchemas } from "../src/local/cluster/schemas.ts";
import { manifestKinds, readObject } from "../src/local/manifests/read-object.ts";

/** A LocalCluster, and manifests for it. */
export interface LocalWorld {
  readonly cluster: LocalCluster;
  /** Applies an object, a config kind's by its followedKindId; `body` is what stands beside kind and metadata. Throws for what its schema refuses. */
  apply(kind: string, key: ObjectKey, body: object, metadata?: object): void;
  /** The Ready condition of an object. */
  ready(kind: Kind, key: ObjectKey): Readonly<Record<string, unknown>> | undefined;
}

const crds = fileURLToPath(new URL("../deploy/crds", import.meta.url));

/** See {@link LocalWorld}. */
export async function createLocalWorld(): Promise<LocalWorld> {
  const schemas = await loadSchemas(crds);
  const kinds = manifestKinds(schemas);
  const cluster = createLocalCluster({ schemas, now: Date.now });
  return {
    cluster,
    apply(kind, { namespace, name }, body, metadata = {}) {
      const known = kinds.get(kind)?.kind;
      const where = known?.namespaced === false ? { name } : { namespace, name };
      const value = {
        apiVersion: known?.apiVersion,
        kind: known?.kind ?? kind,
        metadata: { ...where, ...metadata },
        ...body,
      };
      const { object, problems } = readObject(kinds, value);
      if (object === undefined) throw new Error(problems.map(({ pointer, message }) => `${pointer} ${message}`).join());
      cluster.apply(object);
    },
    ready(kind, key) {
      const status = cluster.get(kind, key)?.status as { conditions?: readonly { type: string }[] } | undefined;
      return status?.conditions?.find(({ type }) => type === "Ready");
    },
  };
}

/** Waits, with a generous bound, until something holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
