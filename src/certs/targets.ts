import { keyId, type ObjectKey } from "../cluster/cluster.ts";
import type { CertsCluster, LabelledService } from "./cluster.ts";
import { serverSecretName, sharedSecretName } from "../api/server-secret.ts";
import { caSecretName } from "./names.ts";
import { clientTargets, secretOf, serverTargets, type Target, type TargetRules } from "./target.ts";

/** What a Secret's name stands for now. */
export interface Place {
  /** Undefined: nothing is to be there. */
  readonly target: Target | undefined;
  /** Services that would be served through this name, were they not too many. */
  readonly excess: readonly LabelledService[];
}

/** Which Secrets there are to be, as the cluster is now. */
export interface Targets {
  /** A Service or a Namespace changed. */
  changed(): void;
  at(key: ObjectKey): Place;
  /** Names that stand for something. */
  keys(): readonly ObjectKey[];
  /** Names that the Services of a namespace may be served through, whatever its labels say. */
  alternatives(namespace: string): readonly ObjectKey[];
  /** Ids of those that a replacement of the CA waits for: clients, and servers that an administrator approved of. */
  awaited(): readonly string[];
}

interface Mutable {
  readonly key: ObjectKey;
  target?: Target;
  readonly excess: LabelledService[];
}

/** {@link Targets} of a cluster; worked out once after each change. */
export function createTargets(cluster: Pick<CertsCluster, "services" | "namespace">, rules: TargetRules): Targets {
  let places: ReadonlyMap<string, Mutable> | undefined;
  const current = () => (places ??= placesOf(cluster, rules));
  return {
    changed: () => {
      places = undefined;
    },
    at: (key) => {
      const { target, excess = [] } = current().get(keyId(key)) ?? {};
      return { target, excess };
    },
    keys: () => Array.from(current().values(), ({ key }) => key),
    alternatives: (namespace) =>
      cluster
        .services()
        .filter((service) => service.namespace === namespace)
        .flatMap(keysOf),
    awaited: () => [...current()].filter(([, { target }]) => target?.tenant === false).map(([id]) => id),
  };
}

function placesOf(cluster: Pick<CertsCluster, "services" | "namespace">, rules: TargetRules) {
  const places = new Map<string, Mutable>();
  const placeOf = (key: ObjectKey): Mutable => {
    const place = places.get(keyId(key)) ?? { key, excess: [] };
    places.set(keyId(key), place);
    return place;
  };
  for (const [name, services] of Map.groupBy(cluster.services(), ({ namespace }) => namespace)) {
    const namespace = cluster.namespace(name);
    if (namespace === undefined) continue;
    const { targets, excess } = serverTargets(namespace, services, rules);
    for (const target of targets) placeOf(target.key).target = target;
    for (const service of excess) placeOf(secretOf(service, namespace, rules)).excess.push(service);
  }
  for (const target of clientTargets(rules)) placeOf(target.key).target = target;
  return places;
}

/** The Secrets that a Service may be served through. */
export function keysOf({ namespace, name }: ObjectKey): readonly ObjectKey[] {
  return [
    { namespace, name: sharedSecretName },
    { namespace, name: serverSecretName(name) },
  ];
}

/** The CA's Secret. */
export function caKey({ systemNamespace }: Pick<TargetRules, "systemNamespace">): ObjectKey {
  return { namespace: systemNamespace, name: caSecretName };
}
