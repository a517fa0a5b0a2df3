import type { CoreStore } from "../store.ts";

/** Value of `--ambient`: which stores without auth may use the identity of the provider's own pod. */
export type Ambient = "None" | "ClusterStores" | "All";
/** Value of `--api-server-tokens`: whether providers may get tokens that open the Kubernetes API. */
export type ApiServerTokens = "Allow" | "Deny";

/** What an administrator lets providers have beside what stores refer to. */
export interface CredentialPolicy {
  readonly ambient: Ambient;
  readonly apiServerTokens: ApiServerTokens;
}

/** What counts where nothing was said. */
export const defaultPolicy: CredentialPolicy = { ambient: "ClusterStores", apiServerTokens: "Allow" };

/**
 * Only administrators write cluster stores, so by default only those may borrow what an administrator gave a pod; and not
 * with a config object, which a tenant may have written, unless its namespace is an administrator's.
 */
export function mayUseAmbient(
  { kind, config }: Pick<CoreStore, "kind" | "config">,
  ambient: Ambient,
  ofAdministrator: (namespace: string) => boolean,
): boolean {
  if (ambient === "All") return true;
  if (ambient === "None" || kind !== "ClusterSecretStore") return false;
  return config === undefined || ofAdministrator(config.namespace);
}
