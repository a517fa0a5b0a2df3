import type { Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { Lane } from "../cluster/lanes.ts";
import type { SecretObject } from "../cluster/objects.ts";
import { storesOf } from "./controllers/external-secret/reads.ts";
import { targetName } from "./controllers/external-secret/target.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { getExternalSecret, type ExternalSecretObject } from "./kinds.ts";
import { usableStore } from "./to-store.ts";
import { providerLanes, storeLanes } from "./topics.ts";

/** One of fifty workers for what is large, of one namespace from one provider: it costs the CPU of hundreds of others. */
const largeShare = 1 / 50;

/** From where on a Secret is large: keys, and bytes of all values. */
const large = { keys: 1_000, bytes: 128 * 1024 } as const;

/**
 * What an ExternalSecret occupies while it is reconciled: each store that it reads from, and their providers; one that
 * is or may be large also the narrow lane of its namespace there, or a tenant with large ones would delay all others.
 */
export function externalSecretLanes(
  cluster: Pick<Cluster, "get" | "followedKind" | "secret">,
  key: ObjectKey,
): readonly Lane[] {
  const object = getExternalSecret(cluster, key);
  if (object === undefined) return [];
  const lanes = new Map<string, Lane>();
  const narrow = mayBeLarge(object, cluster.secret({ namespace: key.namespace, name: targetName(object) }));
  for (const ref of storesOf(object)) {
    const store = usableStore(cluster, ref, key.namespace);
    if (store === undefined) continue;
    for (const lane of storeLanes(store)) lanes.set(lane.name, lane);
    for (const { name } of narrow ? providerLanes(store) : []) {
      const lane = { name: `large:${key.namespace}/${name}`, share: largeShare };
      lanes.set(lane.name, lane);
    }
  }
  return [...lanes.values()];
}

/** By the target as it is; without one, who names no keys may get any number of them. */
function mayBeLarge({ spec }: ExternalSecretObject, secret: SecretObject | undefined): boolean {
  const { data } = secret ?? {};
  if (data === undefined) return (spec.dataFrom?.length ?? 0) > 0;
  let bytes = 0;
  for (const value of data.size > large.keys ? [] : data.values()) bytes += value.length;
  return data.size > large.keys || bytes > large.bytes;
}

/** What a store occupies while it is validated: its provider. */
export function storeObjectLanes(cluster: Pick<Cluster, "get" | "followedKind">, ref: StoreRef): readonly Lane[] {
  const store = usableStore(cluster, ref, ref.namespace);
  return store === undefined ? [] : providerLanes(store);
}
