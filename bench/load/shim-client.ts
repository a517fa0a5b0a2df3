// Core's side: the shim as core uses it, with what controllers put around each call.
import { withinDeadline } from "../../src/api/deadline.ts";
import { readDeadline } from "../../src/api/read-all.ts";
import { ProviderError } from "../../src/api/errors.ts";
import type { Context, Read } from "../../src/api/provider.ts";
import { references } from "../../src/core/credentials/gen/references.ts";
import { createPool } from "../../src/core/shim/pool.ts";
import { createShim, type Shim } from "../../src/core/shim/shim.ts";
import { createRegistry } from "../../src/process/metrics.ts";
import { certificates } from "../../src/wire/certificates.ts";
import { coreStore, inlineReferences } from "../../test/core-store.ts";
import { serveLoads, type Target } from "./load.ts";
import { benchStore, secretRef } from "./store.ts";

const { signal } = new AbortController();
let shim: Shim | undefined;

serveLoads(async ({ target, load }) => {
  shim ??= shimFor(target);
  const store = benchStore(load.store);
  const client = await shim.providerFor(coreStore(store)).newClient(store, noReferences(store.namespace), signal);
  if (load.reads === 1) {
    const ref = secretRef(0);
    return async () => [await client.getSecret(ref, new AbortController().signal)];
  }
  const reads = Array.from({ length: load.reads }, (_, index): Read => ({ op: "get", ref: secretRef(index) }));
  return async () => {
    const within = new AbortController().signal;
    const results = await withinDeadline(within, readDeadline(reads), async (late) => client.read?.(reads, late));
    return results?.flatMap((result) => ("value" in result ? [result.value] : [])) ?? [];
  };
});

function shimFor(target: Target): Shim {
  const registry = createRegistry();
  const endpoint = {
    addresses: [`127.0.0.1:${target.port}`],
    serverName: target.serverName,
    trust: "bench",
    certificates: certificates(target.certificates),
  };
  return createShim({
    resolver: { endpoint: () => endpoint },
    references: inlineReferences(references),
    pool: createPool({ registry }),
    registry,
  });
}

function noReferences(namespace: string): Context {
  const none = async () => {
    throw new ProviderError("InvalidConfig", "the stores of the benchmarks refer to nothing");
  };
  return { namespace, ambient: false, secret: none, configMap: none, token: none };
}
