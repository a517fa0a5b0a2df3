import type { ApiAccess, ApiAnswer } from "./api-access.ts";
import type { DiscoveryWorld } from "./discovery-world.ts";

/** Somebody who may write what is in one namespace. */
export interface Tenant {
  readonly namespace: string;
  /** Any request in its name; never rejects for a status. */
  readonly request: ApiAccess["request"];
  /** Creates an object in its namespace. */
  create(manifest: Manifest): Promise<ApiAnswer>;
  /** Merges into an object of its namespace. */
  patch(manifest: Manifest): Promise<ApiAnswer>;
}

/** An object as it is written, without its namespace. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/**
 * An account with what `edit` and `view` aggregate in a namespace, with EndpointSlices, which Kubernetes gave it before
 * 1.22 and many clusters still do, and with our kinds. Every write that a cluster may allow to a tenant, it may do.
 */
export async function createTenant({ api }: DiscoveryWorld, namespace: string): Promise<Tenant> {
  const role = (name: string) => ({ namespace, kind: "ClusterRole", name }) as const;
  const all = (apiGroup: string, resource: string) => ({ apiGroups: [apiGroup], resources: [resource], verbs: ["*"] });
  const rules = [
    all("discovery.k8s.io", "endpointslices"),
    all("external-secrets.io", "*"),
    all("provider.external-secrets.io", "*"),
  ];
  const { username } = await api.serviceAccount(
    namespace,
    "tenant",
    role("system:aggregate-to-edit"),
    role("system:aggregate-to-view"),
    { namespace, rules },
  );
  const { request } = api.as(username);
  const path = ({ apiVersion, kind }: Manifest) => {
    const plural = kind.toLowerCase() + (kind.endsWith("s") ? "es" : "s");
    return `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/namespaces/${namespace}/${plural}`;
  };
  return {
    namespace,
    request,
    create: (manifest) => request("POST", path(manifest), manifest),
    patch: (manifest) =>
      request("PATCH", `${path(manifest)}/${manifest.metadata.name}`, manifest, "application/merge-patch+json"),
  };
}
