import type { KeyObject } from "node:crypto";
import type { Context } from "../../api/provider.ts";
import type { CallContext } from "../../wire/context.ts";
import type { CompatibilityStore, GetSecretRequest } from "../../wire/gen/provider/v1/secretstore.ts";
import { storeReferences, type ReferencesOf } from "../credentials/store-references.ts";
import type { CoreStore } from "../store.ts";
import type { Served } from "./served.ts";
import { bareContext, resolveContext } from "./store-context.ts";

/** For whom a client's calls are, and with which store. */
export interface Envelope {
  /** What every request of provider.v1 says of it. */
  readonly fields: Pick<GetSecretRequest, "providerRef" | "sourceNamespace" | "compatibilityStore" | "context">;
  /** What peers of ours get instead of `compatibilityStore`. */
  readonly context?: CallContext;
}

/** What envelopes are made with. */
export interface EnvelopeOptions {
  /** Which paths of a spec core reads for a provider; what a peer says can only narrow it. */
  readonly references: ReferencesOf;
  /** Key of the digests, one per process. */
  readonly digestKey: KeyObject;
}

/** Whom an envelope of {@link outboardEnvelope} is for. */
export interface Recipient {
  readonly store: CoreStore;
  readonly context: Context;
  readonly served: Served;
  readonly signal: AbortSignal;
}

/** For a peer of ours: what the store refers to and the peer asks for is read and sent along. */
export async function outboardEnvelope(recipient: Recipient, options: EnvelopeOptions): Promise<Envelope> {
  const { store, context, served, signal } = recipient;
  const references = storeReferences(store, options.references).filter(({ reference }) =>
    served.references.some(({ path }) => path === reference.path),
  );
  const resolved = await resolveContext({ store, references, context, digestKey: options.digestKey, signal });
  const fields = {
    providerRef: undefined,
    compatibilityStore: undefined,
    sourceNamespace: context.namespace,
    context: undefined,
  };
  return { fields, context: resolved };
}

/** For a peer of the prototype, which reads by itself what the store refers to, and the config object that it is from. */
export function prototypeEnvelope(store: CoreStore, context: Context): Envelope {
  const { ref, config } = store;
  return {
    fields: {
      context: undefined,
      sourceNamespace: context.namespace,
      providerRef: config && {
        apiVersion: config.apiVersion,
        kind: config.kind,
        name: config.name,
        namespace: config.namespace,
        storeRefKind: ref.kind,
      },
      compatibilityStore: config === undefined ? compatibilityStore(store) : undefined,
    },
  };
}

function compatibilityStore(store: CoreStore): CompatibilityStore {
  return {
    storeName: store.name,
    storeNamespace: store.namespace,
    storeKind: store.kind,
    storeUid: store.uid,
    storeGeneration: store.generation,
    storeSpecJson: bareContext(store, "").spec,
  };
}
