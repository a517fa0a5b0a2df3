import { ProviderError } from "../../api/errors.ts";
import type { Provider, Store } from "../../api/provider.ts";
import { createClient } from "./client.ts";
import { Memory } from "./memory.ts";
import type { FakeSpec } from "./spec.ts";

/**
 * ESO's fake provider, written against the provider interface alone: it stands for every provider that knows nothing
 * of the sdk. What is pushed stays in this provider's memory, per store, whatever client pushed it.
 */
export function createFakeProvider(): Provider {
  const memory = new Memory();
  return {
    name: "fake",
    capabilities: async () => ["get", "map", "find", "push", "delete", "exists"],
    validateStore: async (store) => ({ warnings: [], errors: problems(specOf(store)) }),
    newClient: async (store) => createClient(specOf(store), memory.store(store.uid)),
  };
}

/** The provider of this process. */
export const provider: Provider = createFakeProvider();

/** The host has checked the spec against spec.ts. */
function specOf(store: Store): FakeSpec {
  const spec = store.spec.provider["fake"] as FakeSpec | undefined;
  if (spec === undefined) throw new ProviderError("InvalidConfig", "missing store provider fake");
  return spec;
}

function problems({ data }: FakeSpec): readonly string[] {
  return data.flatMap(({ key, value }, index) => [
    ...(key === "" ? [`key must be set in data ${index}`] : []),
    ...(value === "" ? [`at least one value must be set in data ${index}`] : []),
  ]);
}
