import { ProviderError } from "../../api/errors.ts";
import type { Store } from "../../api/provider.ts";
import type { ReferenceKind } from "../../api/marks.ts";

/** What decides where a reference is looked up. */
export interface NamespaceQuestion {
  readonly kind: ReferenceKind;
  readonly store: Pick<Store, "kind" | "namespace">;
  /** Namespace of the ExternalSecret or PushSecret; empty: a cluster store is validated without one. */
  readonly callerNamespace: string;
  /** As it stands in the reference. */
  readonly namespace?: string | undefined;
}

/**
 * Where a reference is looked up, by ESO's rules. A SecretStore: its own namespace and never another (a namespace in a
 * selector is ignored, in a caProvider refused). A ClusterSecretStore: the reference's namespace, else the caller's; a
 * caProvider must name one. Throws ProviderError InvalidConfig.
 */
export function referenceNamespace({ kind, store, callerNamespace, namespace }: NamespaceQuestion): string {
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
