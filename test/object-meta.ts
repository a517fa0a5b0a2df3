import type { ObjectKey } from "../src/cluster/cluster.ts";
import type { ObjectMeta } from "../src/cluster/objects.ts";

/** Metadata of an object that nobody has changed. */
export function metadataOf({ namespace, name }: ObjectKey): ObjectMeta {
  return {
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
    resourceVersion: "1",
    generation: 1,
    creationTimestamp: "2026-08-08T10:00:00Z",
    labels: {},
    annotations: {},
    finalizers: [],
    ownerReferences: [],
    managedFields: [],
  };
}
