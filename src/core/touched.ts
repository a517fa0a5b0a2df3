import { clusterProvider } from "../api/kinds/cluster-provider.ts";
import { clusterProviderClass } from "../api/kinds/cluster-provider-class.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { providerClass } from "../api/kinds/provider-class.ts";
import { provider } from "../api/kinds/provider.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Change, Cluster, ObjectKey } from "../cluster/cluster.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { classKinds, refOf, storeKinds, type ClassRef, type ProviderClassObject, type StoreObject } from "./kinds.ts";
import { parseAddress, serviceOf } from "./resolve/address.ts";
import { certificateSecret } from "./resolve/classes.ts";
import type { Serves } from "./resolve/serves.ts";
import { configKindOf, routeOf } from "./to-store.ts";

type View = Pick<Cluster, "get" | "list">;

/** Classes that another object's change may have mended or broken: their certificates, the Service that they lead to. */
export function classesTouched(cluster: View, { kind, key }: Change, systemNamespace: string): readonly ClassRef[] {
  if (kind === "Secret") {
    const inSystem = key.namespace === systemNamespace ? cluster.list(clusterProviderClass) : [];
    return refsWhere([...cluster.list(providerClass, key.namespace), ...inSystem], (object) => {
      const secret = certificateSecret(object, systemNamespace);
      return secret?.name === key.name && secret.namespace === key.namespace;
    });
  }
  if (kind === "Namespace" || kind === "Service") {
    return refsWhere([...cluster.list(providerClass), ...cluster.list(clusterProviderClass)], (object) =>
      leadsTo(object.spec.address, kind, key),
    );
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
  return refs(stores, ({ spec }) => spec.runtimeRef?.kind === ref.kind && spec.runtimeRef.name === ref.name);
}

/** The stores whose spec is from a config object; those of the cluster that mean their callers' may be among them. */
export function storesOfConfig(cluster: View, kindId: string, key: ObjectKey): readonly StoreRef[] {
  return refs(ownStores(cluster), (object) => {
    const { providerRef } = object.spec;
    if (providerRef?.name !== key.name || configKindOf(object) !== kindId) return false;
    const namespace = object.metadata.namespace || providerRef.namespace;
    return !namespace || namespace === key.namespace;
  });
}

/** The stores whose spec is from any config object. */
export function storesWithConfig(cluster: View): readonly StoreRef[] {
  return refs(ownStores(cluster), (object) => configKindOf(object) !== undefined);
}

/** The stores that are served by whoever may serve what they ask for, if that is among `serves`. */
export function storesAskingFor(cluster: View, { keys, kinds }: Serves): readonly StoreRef[] {
  return refs(ownStores(cluster), (object) => {
    if (routeOf(object.spec, object.metadata.namespace).by !== "discovery") return false;
    const kind = configKindOf(object);
    return kind === undefined ? Object.keys(object.spec.provider ?? {}).some((key) => keys.has(key)) : kinds.has(kind);
  });
}

/** The stores that core's mounted certificates are for, but through classes. */
export function storesWithoutClass(cluster: View): readonly StoreRef[] {
  return refs(ownStores(cluster), ({ spec, metadata }) => routeOf(spec, metadata.namespace).by !== "class");
}

/** The Providers whose address leads to a Service, or into a namespace. */
export function providersTouched(cluster: View, { kind, key }: Change): readonly StoreRef[] {
  if (kind !== "Service" && kind !== "Namespace") return [];
  return refs([...cluster.list(provider), ...cluster.list(clusterProvider)], ({ spec }) =>
    spec.address === undefined ? false : leadsTo(spec.address, kind, key),
  );
}

/** A class by the kind that a change names; undefined: the change is of something else. */
export function classOf({ kind, key }: Change): ClassRef | undefined {
  const known = classKinds.find((each) => each.kind === kind);
  return known && { kind: known.kind, ...key };
}

function leadsTo(text: string, kind: "Service" | "Namespace", { namespace, name }: ObjectKey): boolean {
  const address = parseAddress(text);
  const service = address && serviceOf(address.host);
  if (service === undefined) return false;
  return kind === "Namespace" ? service.namespace === name : service.name === name && service.namespace === namespace;
}

type ListedObject = ReturnType<View["list"]>[number];

function ownStores(cluster: View): readonly ListedObject[] {
  return storeKinds.flatMap((kind) => cluster.list(kind));
}

function refs(objects: readonly ListedObject[], wanted: (object: StoreObject) => boolean): readonly StoreRef[] {
  // The API server takes a store without a spec: it asks for nothing.
  return (objects as readonly StoreObject[])
    .filter(({ spec }) => spec !== undefined)
    .filter(wanted)
    .map(refOf);
}

function refsWhere(
  objects: readonly ListedObject[],
  wanted: (object: ProviderClassObject) => boolean,
): readonly ClassRef[] {
  return objects
    .filter((object) => wanted(object as ProviderClassObject))
    .flatMap(({ kind, metadata: { namespace, name } }) => classOf({ kind, key: { namespace, name } }) ?? []);
}
