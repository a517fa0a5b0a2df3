import type { ApiAccess, ApiAnswer } from "./api-access.ts";
import type { DiscoveryWorld } from "./discovery-world.ts";
import { until } from "./e2e/outboard.ts";

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
 * An account with Kubernetes' own `edit` in a namespace, to which Kubernetes adds what deploy/kustomize/base says of our
 * kinds; and with EndpointSlices, which it gave before 1.22 and many clusters still do.
 */
export async function createTenant({ api }: DiscoveryWorld, namespace: string): Promise<Tenant> {
  const { username } = await api.serviceAccount(
    namespace,
    "tenant",
    { namespace, kind: "ClusterRole", name: "edit" },
    { namespace, rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["*"] }] },
  );
  const { request } = api.as(username);
  const aggregated = `/apis/external-secrets.io/v1/namespaces/${namespace}/secretstores`;
  await until(
    async () => (await request("DELETE", aggregated)).status === 200,
    () => "edit does not include the kinds",
  );
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
