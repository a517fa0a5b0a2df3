import type { RemoteRef, Store } from "../../src/api/provider.ts";

/** How a store of the benchmarks looks. */
export interface StoreShape {
  /** Secrets in it, `secret-0`, `secret-1`... */
  readonly secrets: number;
  /** Bytes that its spec has at least; 0: no more than the secrets need. */
  readonly specBytes: number;
}

/** What every secret of the benchmarks holds: 32 bytes. */
export const secretValue = "correct-horse-battery-staple-32b";

/** A SecretStore of the fake provider. */
export function benchStore({ secrets, specBytes }: StoreShape): Store {
  const data = Array.from({ length: secrets }, (_, index) => ({ key: secretRef(index).key, value: secretValue }));
  const missing = specBytes - JSON.stringify({ provider: { fake: { data } } }).length;
  const padding = missing > 0 ? [{ key: "padding", value: "x".repeat(missing) }] : [];
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "bench",
    name: `store-${secrets}-${specBytes}`,
    uid: `6f9619ff-8b86-d011-b42d-${secrets}-${specBytes}`,
    generation: 1,
    spec: { provider: { fake: { data: [...data, ...padding] } } },
  };
}

/** The ref of a secret of {@link benchStore}. */
export function secretRef(index: number): RemoteRef {
  return { key: `secret-${index}` };
}
