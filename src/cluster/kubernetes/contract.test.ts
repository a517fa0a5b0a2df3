import { test } from "tap";
import { apiServerMissing, startApiServer } from "../../../test/api-server.ts";
import { clusterContract } from "../../../test/cluster-contract.ts";
import { applyCrds } from "../../../test/crds/server.ts";
import { clusterAdmin, kubernetesCluster } from "../../../test/kubernetes-world.ts";

const parts = { controllerManager: true } as const;

test("the cluster contract, before a real API server", { skip: apiServerMissing(parts) }, async (t) => {
  const api = await startApiServer({ ...parts, prepare: applyCrds });
  t.teardown(() => api.stop());
  const cluster = await kubernetesCluster(api.adminKubeconfig);
  t.teardown(() => cluster.stop());
  await cluster.synced;
  const admin = await clusterAdmin(api);
  await clusterContract(t, async () => ({ cluster, admin }));
});
