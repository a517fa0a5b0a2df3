import type { ApiAccess } from "./api-access.ts";
import { systemNamespace } from "./shipped-process.ts";

// Nothing runs Pods here: a test starts the process itself and says of its Pod what a kubelet would. What follows from
// that (EndpointSlices) is the controller manager's real work.

/** A Pod of a Deployment that was applied, at an address of the test's. */
export interface TestPod {
  readonly name: string;
  readonly ip: string;
}

/** Makes the Pod of a provider's Deployment, running and ready or not. */
export async function makePod(api: ApiAccess, deployment: string, { name, ip }: TestPod, ready = true): Promise<void> {
  const { spec } = JSON.parse(
    await api.kubectl(["-n", systemNamespace, "get", "deployment", deployment, "-o=json"]),
  ) as { readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } } };
  // The controller of EndpointSlices passes over Pods of a Node that is not there.
  await api.request("POST", "/api/v1/nodes", { metadata: { name: "node" } });
  const pod = {
    metadata: { ...spec.template.metadata, name },
    spec: { ...spec.template.spec, nodeName: "node" },
  };
  const path = `/api/v1/namespaces/${systemNamespace}/pods`;
  const { status, body } = await api.request("POST", path, pod);
  if (status !== 201) throw new Error(`pod ${name}: ${JSON.stringify(body)}`);
  await setReady(api, { name, ip }, ready);
}

/** What a kubelet says of the Pod's readiness. */
export async function setReady(api: ApiAccess, { name, ip }: TestPod, ready: boolean): Promise<void> {
  const conditions = ["Ready", "ContainersReady", "PodScheduled", "Initialized"].map((type) => ({
    type,
    status: ready || !/Ready/.test(type) ? "True" : "False",
  }));
  const body = { status: { phase: "Running", podIP: ip, podIPs: [{ ip }], conditions } };
  const path = `/api/v1/namespaces/${systemNamespace}/pods/${name}/status`;
  const { status } = await api.request("PATCH", path, body, "application/merge-patch+json");
  if (status !== 200) throw new Error(`status of pod ${name}: ${status}`);
}

/** Asks for the Pod's end: from then on its endpoint is terminating. */
export async function endPod(api: ApiAccess, { name }: Pick<TestPod, "name">): Promise<void> {
  await api.kubectl(["-n", systemNamespace, "delete", "pod", name, "--wait=false", "--grace-period=40"]);
}

/** The Pod is gone, as when its last container has ended. */
export async function removePod(api: ApiAccess, { name }: Pick<TestPod, "name">): Promise<void> {
  await api.kubectl(["-n", systemNamespace, "delete", "pod", name, "--force", "--grace-period=0"]);
}
