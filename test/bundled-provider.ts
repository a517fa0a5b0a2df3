import type { Provider, Store } from "../src/api/provider.ts";
import { references } from "../src/core/credentials/gen/references.ts";
import { createPool } from "../src/core/shim/pool.ts";
import { createShim } from "../src/core/shim/shim.ts";
import { createRunKeys, type RunKeys } from "../src/local/run-keys.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { certificates } from "../src/wire/certificates.ts";
import { startBundle, type BundleProcess } from "./bundle-process.ts";
import { coreStore, inlineReferences } from "./core-store.ts";

/** A provider's bundle as built, running in a process of its own, with core's shim before it. */
export interface BundledProvider extends Pick<BundleProcess, "process" | "port" | "metric" | "log"> {
  providerFor(store: Store): Provider;
  readonly keys: RunKeys;
  stop(): Promise<void>;
}

/**
 * Starts the bundle that serves `key` from the dist folder `folder`, as local mode would; keys are its own unless given,
 * the port is any free one, and `more` are flags beside local mode's.
 */
export async function startBundledProvider(
  folder: string,
  key: string,
  given?: RunKeys,
  ownPort = 0,
  more: readonly string[] = [],
): Promise<BundledProvider> {
  const keys = given ?? (await createRunKeys(Date.now()));
  const bundle = await startBundle({ folder, key, keys, port: ownPort, more });
  const source = certificates(keys.core);
  const { address, serverName } = bundle;
  const pool = createPool();
  const shim = createShim({
    resolver: { endpoint: () => ({ addresses: [address], serverName, trust: "test", certificates: source }) },
    references: inlineReferences(references),
    pool,
    registry: createRegistry(),
  });
  return {
    ...bundle,
    providerFor: (store) => shim.providerFor(coreStore(store)),
    keys,
    stop: async () => {
      pool.close();
      await bundle.end("SIGKILL");
      keys.remove();
    },
  };
}
