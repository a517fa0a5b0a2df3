import { until } from "./e2e/outboard.ts";
import type { ApiAnswer } from "./api-access.ts";
import type { ApiServer } from "./api-server.ts";

/** Resolves when the API server, which reads policies in its own time, holds accounts to those of deploy/kustomize/base. */
export async function policiesRule(api: Pick<ApiServer, "as" | "request">): Promise<void> {
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "policy-probe" } };
  const rules = [{ apiGroups: [""], resources: ["secrets", "namespaces"], verbs: ["create"] }];
  await api.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", { ...role, rules });
  await api.request("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "policy-probe" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "policy-probe" },
    subjects: probes.map(({ username: name }) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name })),
  });
  for (const { policy, username, path, body } of probes) {
    let answer: ApiAnswer | undefined;
    await until(
      async () => refusedBy(policy, (answer = await api.as(username).request("POST", `${path}?dryRun=All`, body))),
      () => `policy ${policy} does not rule: ${JSON.stringify(answer)}`,
    );
  }
}

/** Whether it was this ValidatingAdmissionPolicy that refused. */
export function refusedBy(policy: string, { status, body }: ApiAnswer): boolean {
  return status === 403 && JSON.stringify(body).includes(`ValidatingAdmissionPolicy '${policy}'`);
}

const secrets = "/api/v1/namespaces/default/secrets";

/** For each policy what it refuses, to somebody whom nothing else refuses it. */
const probes = [
  {
    policy: "outboard-certs",
    username: "system:serviceaccount:policy-probe:outboard-certs",
    path: secrets,
    body: { metadata: { name: "probe" } },
  },
  {
    policy: "outboard-core",
    username: "system:serviceaccount:policy-probe:outboard-core",
    path: secrets,
    body: { metadata: { name: "probe" }, type: "bootstrap.kubernetes.io/token" },
  },
  {
    policy: "outboard-provider-namespace",
    username: "policy-probe",
    path: "/api/v1/namespaces",
    body: { metadata: { name: "probe", labels: { "external-secrets.io/provider-namespace": "cluster" } } },
  },
];
