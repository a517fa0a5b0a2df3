import { escapeControl } from "../api/escape.ts";
import { ProviderError } from "../api/errors.ts";
import type { ProviderRef } from "../api/kinds/provider-ref.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { followedKindId, type FollowedKind } from "../cluster/followed-kinds.ts";
import { groupOf } from "../cluster/objects.ts";
import { configMark } from "./config-mark.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { getStore, refOf, type StoreFields, type StoreObject } from "./kinds.ts";
import type { ConfigSource, CoreStore, Route } from "./store.ts";

type View = Pick<Cluster, "get" | "followedKind">;

/**
 * A store as core and providers work with it, for a caller; `callerNamespace` is empty when a cluster store is looked at
 * without one. Throws ProviderError InvalidConfig when the config object that it names cannot be had.
 */
export function toStore(cluster: View, object: StoreObject, callerNamespace: string): CoreStore {
  const { metadata, spec } = object;
  const { namespace, name, uid, generation } = metadata;
  const ref = refOf(object);
  const isOfCluster = namespace === "";
  const { config, provider } = backendOf(cluster, object, callerNamespace);
  return {
    apiVersion: secretStore.apiVersion,
    // Whatever names it, a provider sees ESO's kinds.
    kind: isOfCluster ? "ClusterSecretStore" : "SecretStore",
    namespace,
    name,
    uid,
    generation,
    spec: { provider, ...(spec.retrySettings && { retrySettings: spec.retrySettings }) },
    ref,
    route: routeOf(spec, namespace),
    callerNamespace: namespace || callerNamespace,
    ...(config && { config }),
  };
}

/** {@link toStore} where one that is not there, or cannot be used, is no fault: that is told where it is tried. */
export function usableStore(cluster: View, ref: StoreRef, callerNamespace: string): CoreStore | undefined {
  const object = getStore(cluster, ref);
  try {
    return object && toStore(cluster, object, callerNamespace);
  } catch {
    return undefined;
  }
}

/** How the provider of a store is found. */
export function routeOf({ runtimeRef, address }: StoreFields, namespace: string): Route {
  if (address !== undefined) return { by: "address", address };
  if (runtimeRef === undefined) return { by: "discovery" };
  const { kind, name } = runtimeRef;
  return { by: "class", ref: { kind, namespace: kind === "ProviderClass" ? namespace : "", name } };
}

/** The name of the config kind that a store's spec is from; undefined: the spec stands in the store. */
export function configKindOf(object: StoreObject): string | undefined {
  if (object.config !== undefined) return refOf(object).kind;
  const { providerRef } = object.spec;
  return providerRef && kindIdOf(providerRef);
}

/**
 * Where a store's config object is. Undefined: it has none, or it depends on the caller and there is none. A cluster store
 * that names no namespace means one in the caller's.
 */
export function configNamespace(object: StoreObject, callerNamespace: string): string | undefined {
  const { metadata, spec, config } = object;
  if (config !== undefined) return metadata.namespace;
  if (spec.providerRef === undefined) return undefined;
  return metadata.namespace || spec.providerRef.namespace || callerNamespace || undefined;
}

/** Whether a store cannot even be looked at without a caller: its config object is the caller's. */
export function hasConfigOfCaller(object: StoreObject): boolean {
  const { metadata, spec, config } = object;
  return (
    config === undefined &&
    metadata.namespace === "" &&
    spec.providerRef !== undefined &&
    !spec.providerRef.namespace &&
    !lacksNamespace(object)
  );
}

/** Whether a ClusterProvider names no config object: under this scope it may not be the caller's. */
function lacksNamespace({ kind, spec: { providerRef, authenticationScope } }: StoreObject): boolean {
  return kind === "ClusterProvider" && authenticationScope !== "ManifestNamespace" && !providerRef?.namespace;
}

interface Backend {
  readonly provider: CoreStore["spec"]["provider"];
  readonly config?: ConfigSource;
}

function backendOf(cluster: View, object: StoreObject, callerNamespace: string): Backend {
  const { metadata, spec, kind } = object;
  const { providerRef } = spec;
  if (object.config !== undefined) {
    const { namespace, name } = metadata;
    const from = source(wanted(cluster, { apiVersion: object.apiVersion, kind, name }), namespace, name);
    return { provider: { [from.key]: object.config }, config: { ...from.config, scope: "ProviderNamespace" } };
  }
  if (providerRef === undefined) return { provider: spec.provider ?? {} };
  const what = `${kind} ${JSON.stringify(metadata.name)}`;
  if (lacksNamespace(object)) {
    throw new ProviderError(
      "InvalidConfig",
      `${what} names no namespace in spec.providerRef; set it, or authenticationScope: ManifestNamespace for configuration of each caller`,
    );
  }
  if (metadata.namespace !== "" && providerRef.namespace && providerRef.namespace !== metadata.namespace) {
    throw new ProviderError(
      "InvalidConfig",
      `${what} may only use configuration of its own namespace; remove spec.providerRef.namespace`,
    );
  }
  const namespace = configNamespace(object, callerNamespace);
  if (namespace === undefined) {
    const message = `${what} uses configuration of whoever uses it, and nobody does here; set spec.providerRef.namespace to make it independent of the caller`;
    throw new ProviderError("InvalidConfig", message);
  }
  const { key, config } = source(wanted(cluster, providerRef), namespace, providerRef.name);
  const found = cluster.get(wanted(cluster, providerRef), { namespace, name: providerRef.name });
  if (found === undefined) {
    const message = `${what} names ${providerRef.kind} ${JSON.stringify(providerRef.name)}, which namespace ${JSON.stringify(namespace)} does not have; create it or correct spec.providerRef`;
    throw new ProviderError("InvalidConfig", message);
  }
  return { provider: { [key]: found.spec ?? {} }, config: { ...config, scope: scopeOf(object) } };
}

function scopeOf(object: StoreObject): ConfigSource["scope"] {
  if (object.spec.authenticationScope !== undefined) return object.spec.authenticationScope;
  return hasConfigOfCaller(object) ? "ManifestNamespace" : "ProviderNamespace";
}

function source(kind: FollowedKind, namespace: string, name: string) {
  const { apiVersion, group } = kind;
  const version = apiVersion.slice(group.length + 1);
  const config: ConfigSource = {
    apiVersion,
    group,
    version,
    kind: kind.kind,
    namespace,
    name,
    scope: "ProviderNamespace",
  };
  return { key: configMark(kind).key, config };
}

/** The kind that a reference names, as it is read. Throws ProviderError InvalidConfig saying what to install or mend. */
function wanted(cluster: View, { apiVersion, kind }: Pick<ProviderRef, "apiVersion" | "kind" | "name">): FollowedKind {
  const found = cluster.followedKind(kindIdOf({ apiVersion, kind }));
  const named = `${escapeControl(kind)} of ${escapeControl(apiVersion)}`;
  if (found === undefined) {
    throw new ProviderError(
      "InvalidConfig",
      `${named} is no config kind that is served here, or none that core may list; apply its CustomResourceDefinition, with label and annotation external-secrets.io/provider-config, and a ClusterRole for core with label external-secrets.io/aggregate-to-controller`,
    );
  }
  const version = apiVersion.slice(found.group.length + 1);
  if (!found.servedVersions.includes(version)) {
    const served = found.servedVersions.join(", ");
    throw new ProviderError(
      "InvalidConfig",
      `${named} is not served in that version, but in ${served}; correct the reference`,
    );
  }
  return found;
}

function kindIdOf({ apiVersion, kind }: Pick<ProviderRef, "apiVersion" | "kind">): string {
  return followedKindId({ kind, group: groupOf(apiVersion) });
}
