import type { Test } from "tap";
import { garbageCases } from "./cluster-contract/garbage.ts";
import { objectCases } from "./cluster-contract/objects.ts";
import { secretCases } from "./cluster-contract/secrets.ts";
import { secretViewCases } from "./cluster-contract/secret-view.ts";
import type { ContractWorld } from "./cluster-contract/world.ts";

/**
 * What every Cluster must do, in the API's terms. Runs against what `makeCluster` gives: one in memory, or one before a
 * real API server; each case has a namespace of its own.
 */
export async function clusterContract(t: Test, makeCluster: () => Promise<ContractWorld>): Promise<void> {
  const cases = [...objectCases, ...secretCases, ...secretViewCases, ...garbageCases];
  for (const [index, contractCase] of cases.entries()) {
    await t.test(contractCase.name, async (t) => {
      const world = await makeCluster();
      const namespace = `contract-${index}`;
      await world.admin.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
      await contractCase.run(t, world, namespace);
    });
  }
}
