import type { ApiServer } from "./api-server.ts";
import type { TestVault } from "./vault-server.ts";

/** As the audit log has it: the account with which Vault asks the API server whose a token is. */
export const reviewerName = "system:serviceaccount:default:reviewer";

/** Mounts Vault's Kubernetes method, which reviews tokens at this API server; `roles` by name, as Vault's API has them. */
export async function mountKubernetesAuth(options: {
  readonly server: TestVault;
  readonly api: ApiServer;
  readonly mount: string;
  readonly roles: Readonly<Record<string, object>>;
}): Promise<void> {
  const { server, api, mount, roles } = options;
  const delegator = { kind: "ClusterRole", name: "system:auth-delegator" } as const;
  const reviewer = await api.serviceAccount("default", "reviewer", delegator);
  await server.call("POST", `sys/auth/${mount}`, { type: "kubernetes" });
  await server.call("POST", `auth/${mount}/config`, {
    kubernetes_host: api.url,
    kubernetes_ca_cert: api.caPem,
    token_reviewer_jwt: reviewer.token,
  });
  for (const [name, role] of Object.entries(roles)) {
    await server.call("POST", `auth/${mount}/role/${name}`, role);
  }
}
