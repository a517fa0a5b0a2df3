import { clusterProviderClass } from "../api/kinds/cluster-provider-class.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { providerClass } from "../api/kinds/provider-class.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Change, Cluster } from "../cluster/cluster.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { classKinds, type ClassRef, type ProviderClassObject, type StoreObject } from "./kinds.ts";
import { parseAddress, serviceOf } from "./resolve/address.ts";
import { certificateSecret } from "./resolve/classes.ts";

type View = Pick<Cluster, "get" | "list">;

/** Classes that another object's change may have mended or broken: their certificates, the namespace that they lead to. */
export function classesTouched(cluster: View, { kind, key }: Change, systemNamespace: string): readonly ClassRef[] {
  if (kind === "Secret") {
    const inSystem = key.namespace === systemNamespace ? cluster.list(clusterProviderClass) : [];
    return refsWhere([...cluster.list(providerClass, key.namespace), ...inSystem], (object) => {
      const secret = certificateSecret(object, systemNamespace);
      return secret?.name === key.name && secret.namespace === key.namespace;
    });
  }
  if (kind === "Namespace") {
    return refsWhere([...cluster.list(providerClass), ...cluster.list(clusterProviderClass)], (object) => {
      const address = parseAddress(object.spec.address);
      return address !== undefined && serviceOf(address.host)?.namespace === key.name;
    });
  }
  return [];
}

/** Classes that name no certificates: core's mounted ones are theirs. */
export function classesWithoutSecret(cluster: View, systemNamespace: string): readonly ClassRef[] {
  return refsWhere(
    [...cluster.list(providerClass), ...cluster.list(clusterProviderClass)],
    (object) => certificateSecret(object, systemNamespace) === undefined,
  );
}

/** The stores that name a class. */
export function storesOfClass(cluster: View, ref: ClassRef): readonly StoreRef[] {
  const ofCluster = ref.kind === "ClusterProviderClass";
  const stores = ofCluster
    ? [...cluster.list(secretStore), ...cluster.list(clusterSecretStore)]
    : cluster.list(secretStore, ref.namespace);
  return stores
    .filter((store) => {
      const { runtimeRef } = (store as StoreObject).spec;
      return runtimeRef?.kind === ref.kind && runtimeRef.name === ref.name;
    })
    .map(({ kind, metadata: { namespace, name } }) => ({ kind, namespace, name }));
}

/** A class by the kind that a change names; undefined: the change is of something else. */
export function classOf({ kind, key }: Change): ClassRef | undefined {
  const known = classKinds.find((each) => each.kind === kind);
  return known && { kind: known.kind, ...key };
}

function refsWhere(
  objects: readonly ReturnType<View["list"]>[number][],
  wanted: (object: ProviderClassObject) => boolean,
): readonly ClassRef[] {
  return objects
    .filter((object) => wanted(object as ProviderClassObject))
    .flatMap(({ kind, metadata: { namespace, name } }) => classOf({ kind, key: { namespace, name } }) ?? []);
}
