import type { Test } from "tap";
import { ProviderError } from "../src/api/errors.ts";
import type { Context } from "../src/api/provider.ts";
import type { Reference } from "../src/api/references.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { Validation } from "../src/wire/gen/outboard/v1/context.ts";
import { createPool } from "../src/core/shim/pool.ts";
import type { CoreStore } from "../src/core/store.ts";
import { inlineReferences, vaultStore } from "./core-store.ts";
import { createAuthority, describeVault, startPeer, type PeerOptions, type Script } from "./scripted-peer.ts";
import { createShim } from "../src/core/shim/shim.ts";

// For tests of the shim: a shim that is connected to a scripted peer.

/** A signal that never aborts. */
export const never = new AbortController().signal;
/** What an answer without news says beside its value. */
export const info = { validation: Validation.VALIDATION_UNSPECIFIED, warnings: [], version: "", expiresAtUnixMs: 0 };
/** The value of key `token` of the Secret `creds` in {@link context}. */
export const credential = "s.hunter2-hunter2";

const references: readonly Reference[] = [
  { path: "/auth/tokenSecretRef", kind: "Secret", defaultKey: "token" },
  { path: "/auth/serviceAccountRef", kind: "ServiceAccount", audiences: ["vault"] },
  { path: "/caProvider", kind: "CAProvider", defaultKey: "ca.crt" },
];

/** A context that holds one Secret and gives tokens. */
export const context: Context = {
  namespace: "team-a",
  ambient: false,
  async secret({ name, key }) {
    if (name === "creds" && key === "token") return Buffer.from(credential);
    throw new ProviderError("InvalidConfig", `cannot find secret data for key: ${JSON.stringify(key)}`);
  },
  async configMap() {
    return Buffer.from("pem");
  },
  token: async (_ref, audiences) => ({
    token: `jwt for ${audiences.join()}`,
    expiresAt: 1_000,
    serviceAccountUid: "sa-uid",
    annotations: new Map([["a", "b"]]),
  }),
};

/** A peer that answers as scripted, and a shim whose store it serves. */
export async function setUp(t: Test, script: Script, options: Partial<PeerOptions> & { store?: CoreStore } = {}) {
  const authority = await createAuthority();
  const server = await authority.server();
  const peer = await startPeer({
    script: { describe: describeVault(references), ...script },
    server,
    client: authority.client,
    ...options,
  });
  const registry = createRegistry();
  const pool = createPool({ registry });
  const shim = createShim({
    resolver: { endpoint: () => peer.endpoint },
    references: inlineReferences(new Map([["vault", references]])),
    pool,
    registry,
  });
  t.teardown(() => {
    pool.close();
    peer.kill();
  });
  const store = options.store ?? vaultStore();
  const provider = shim.providerFor(store);
  return { peer, registry, provider, store, connect: (signal = never) => provider.newClient(store, context, signal) };
}

/** What a promise rejected with, never a value. */
export async function failure(promise: Promise<unknown>): Promise<ProviderError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ProviderError) return error;
  throw new Error("did not reject with a ProviderError");
}
