import { ProviderError } from "../../api/errors.ts";
import type { ReferenceKind } from "../../api/marks.ts";
import type { ConfigSource, CoreStore } from "../store.ts";

/** What decides where a reference is looked up. */
export interface NamespaceQuestion {
  readonly kind: ReferenceKind;
  readonly store: Pick<CoreStore, "kind" | "namespace" | "config">;
  /** Namespace of the ExternalSecret or PushSecret; empty: a cluster store is validated without one. */
  readonly callerNamespace: string;
  /** As it stands in the reference. */
  readonly namespace?: string | undefined;
}

/**
 * Where a reference is looked up, by ESO's rules. A SecretStore: its own namespace and never another (a namespace in a
 * selector is ignored, in a caProvider refused). A ClusterSecretStore: the reference's namespace, else the caller's; a
 * caProvider must name one. A config object: see {@link configReferenceNamespace}. Throws ProviderError InvalidConfig.
 */
export function referenceNamespace(question: NamespaceQuestion): string {
  const { kind, store, callerNamespace, namespace } = question;
  if (store.config !== undefined) return configReferenceNamespace(question, store.config);
  if (store.kind !== "ClusterSecretStore") {
    if (kind === "CAProvider" && namespace && namespace !== store.namespace) {
      throw new ProviderError(
        "InvalidConfig",
        "namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore; " +
          "remove caProvider.namespace",
      );
    }
    return store.namespace;
  }
  if (namespace) return namespace;
  if (kind === "CAProvider") {
    throw new ProviderError("InvalidConfig", "missing namespace on caProvider secret; set caProvider.namespace");
  }
  if (callerNamespace) return callerNamespace;
  throw new ProviderError(
    "InvalidConfig",
    `the reference to a ${kind} has no namespace, so it is looked up where the store is used, and nobody uses it here; ` +
      "set its namespace to make it independent of the caller",
  );
}

/**
 * A config object may be written by a tenant, whatever names it, so it reaches no foreign namespace: what it refers to is
 * in its own namespace, or in the caller's where the store's authenticationScope says so.
 */
function configReferenceNamespace(
  { kind, callerNamespace, namespace }: NamespaceQuestion,
  config: ConfigSource,
): string {
  const ofCaller = config.scope === "ManifestNamespace" && kind !== "CAProvider";
  const usual = ofCaller ? callerNamespace : config.namespace;
  if (namespace && namespace !== config.namespace && namespace !== usual) {
    throw new ProviderError(
      "InvalidConfig",
      `${config.kind} ${JSON.stringify(config.name)} refers to a ${kind} of namespace ${JSON.stringify(namespace)}; ` +
        "a config object may only refer to its own namespace: remove the namespace from the reference",
    );
  }
  if (namespace || usual) return namespace || usual;
  throw new ProviderError(
    "InvalidConfig",
    `the reference to a ${kind} is looked up where the store is used, and nobody uses it here; ` +
      "set authenticationScope: ProviderNamespace to make it independent of the caller",
  );
}
