import type { Cluster, User } from "@kubernetes/client-node/dist/config_types.js";

/** Which API server is asked, and as whom. */
export interface Identity {
  readonly cluster: Cluster;
  readonly user: User;
  /** File with a bearer token; read again as it rotates. Goes before `user.token`. */
  readonly tokenFile?: string;
}

/** Where Kubernetes mounts a Pod's account. */
export const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The Pod's own ServiceAccount. Throws when the environment is no Pod's.
 * @param folder where token and CA are mounted
 */
export function podIdentity(environment: NodeJS.ProcessEnv = process.env, folder = accountFolder): Identity {
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"];
  if (!host || !port) {
    throw new Error("not in a cluster: KUBERNETES_SERVICE_HOST and _PORT are not set; name a kubeconfig");
  }
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
  return {
    cluster: { name: "in-cluster", server, caFile: `${folder}/ca.crt`, skipTLSVerify: false },
    user: { name: "in-cluster" },
    tokenFile: `${folder}/token`,
  };
}
