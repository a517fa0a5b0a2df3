import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { Lane } from "../cluster/lanes.ts";
import { storesOf } from "./controllers/external-secret/reads.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { getExternalSecret, getStore, toStore } from "./kinds.ts";
import { providerLanes, storeLanes } from "./topics.ts";

/** What an ExternalSecret occupies while it is reconciled: each store that it reads from, and their providers. */
export function externalSecretLanes(cluster: Pick<Cluster, "get">, key: ObjectKey): readonly Lane[] {
  const object = getExternalSecret(cluster, key);
  const lanes = new Map<string, Lane>();
  for (const ref of object === undefined ? [] : storesOf(object)) {
    const store = getStore(cluster, ref);
    for (const lane of store === undefined ? [] : storeLanes(toStore(store))) lanes.set(lane.name, lane);
  }
  return [...lanes.values()];
}

/** What a store occupies while it is validated: its provider. */
export function storeObjectLanes(cluster: Pick<Cluster, "get">, ref: StoreRef): readonly Lane[] {
  const store = getStore(cluster, ref);
  return store === undefined ? [] : providerLanes(toStore(store));
}
