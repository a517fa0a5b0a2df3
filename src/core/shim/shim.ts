import { createSecretKey, randomBytes } from "node:crypto";
import type { Context, Operation, Provider, SecretsClient, Store, StoreValidation } from "../../api/provider.ts";
import type { Registry } from "../../process/metrics.ts";
import { toContext } from "../../wire/context.ts";
import { fromCapabilities } from "../../wire/describe.ts";
import { ProviderService } from "../../wire/gen/outboard/v1/provider.ts";
import { SecretStoreProviderService } from "../../wire/gen/provider/v1/secretstore.ts";
import type { ReferencesOf } from "../credentials/store-references.ts";
import type { Resolver } from "../resolve/endpoint.ts";
import { inlineKey } from "../resolve/inline-key.ts";
import type { PeerInfo, ServerOf } from "../served-by.ts";
import type { CoreStore } from "../store.ts";
import { providerTopic, restartTopic } from "../topics.ts";
import { wireClient } from "./client.ts";
import { outboardEnvelope, prototypeEnvelope, type EnvelopeOptions } from "./envelope.ts";
import type { Peer } from "./connection.ts";
import { createShimMetrics } from "./metrics.ts";
import type { Pool } from "./pool.ts";
import { openSession, type Session, type SessionOptions, type SessionUser } from "./session.ts";
import { bareContext } from "./store-context.ts";

/** Core's side of the wire: providers of other processes as {@link Provider}s. */
export interface Shim {
  /**
   * The provider of a store, looked for at each call of it: what it rejects with is ResolutionError when there is none.
   * Throws ProviderError InvalidConfig when the store does not name exactly one.
   */
  providerFor(store: CoreStore): Provider;
  /** What the peer that serves a store speaks; undefined: it cannot be reached now. */
  peer(store: CoreStore, signal: AbortSignal): Promise<Spoken | undefined>;
  readonly serverOf: ServerOf;
  /**
   * Hears which topics are to be woken: of providers that are reachable again, and of servers that may be other processes
   * than before. Returns what ends it.
   */
  onNews(listener: (topic: string) => void): () => void;
}

/** What {@link createShim} takes. */
export interface ShimOptions {
  readonly resolver: Resolver;
  /** Which paths of a spec core reads for a provider; what a peer says can only narrow it. */
  readonly references: ReferencesOf;
  readonly pool: Pool;
  readonly registry: Registry;
}

const validateTimeout = 10_000;

/** Makes a {@link Shim}; its digests are comparable within one process only. */
export function createShim({ resolver, references, pool, registry }: ShimOptions): Shim {
  const digestKey = createSecretKey(randomBytes(32));
  /** By server name: what waits for it. */
  const topicsOf = new Map<string, Set<string>>();
  const recording: Resolver = {
    async endpoint(store, signal) {
      const endpoint = await resolver.endpoint(store, signal);
      const topics = topicsOf.get(endpoint.serverName) ?? new Set();
      topicsOf.set(endpoint.serverName, topics.add(providerTopic(inlineKey(store), store.route)));
      return endpoint;
    },
  };
  const options: ProviderOptions = {
    resolver: recording,
    pool,
    metrics: createShimMetrics(registry),
    references,
    digestKey,
  };
  return {
    providerFor: (store) => wireProvider(store, options),
    peer: (store, signal) =>
      within({ store, signal }, options, async (session) => spokenBy(session.peer)).catch(() => undefined),
    serverOf: async (store, signal) => {
      try {
        return (await resolver.endpoint(store, signal)).serverName;
      } catch {
        return undefined; // What is in the way is told where the store is used.
      }
    },
    onNews: (listener) => {
      const stops = [
        pool.onReady((serverName) => {
          for (const topic of topicsOf.get(serverName) ?? []) listener(topic);
        }),
        pool.onRestart((serverName) => listener(restartTopic(serverName))),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

/** What a peer speaks, and its version where it tells. */
type Spoken = Pick<PeerInfo, "protocol" | "version">;

function spokenBy(peer: Peer): Spoken {
  return peer.outboard
    ? { protocol: "outboard.v1", version: peer.description.version }
    : { protocol: "provider.v1", version: "" };
}

type ProviderOptions = SessionOptions & EnvelopeOptions;

function wireProvider(store: CoreStore, options: ProviderOptions): Provider {
  // Whatever spec is asked about, the provider is the one of this store.
  const { ref, route, callerNamespace, config } = store;
  const routed = (asked: Store): CoreStore => ({ ...asked, ref, route, callerNamespace, ...(config && { config }) });
  return {
    name: inlineKey(store),
    capabilities: (signal) => within({ store, signal }, options, (session) => capabilities(session, signal)),
    validateStore: (asked, signal) =>
      within({ store: routed(asked), signal }, options, (session) => validateStore(asked, session, signal)),
    newClient: (asked, context, signal) => newClient(routed(asked), context, signal, options),
  };
}

async function within<T>(
  user: SessionUser,
  options: SessionOptions,
  operation: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(user, options);
  try {
    return await operation(session);
  } finally {
    session.close();
  }
}

async function newClient(
  store: CoreStore,
  context: Context,
  signal: AbortSignal,
  options: ProviderOptions,
): Promise<SecretsClient> {
  const session = await openSession({ store, signal }, options);
  try {
    const envelope = await (session.served === undefined
      ? prototypeEnvelope(store, context)
      : outboardEnvelope({ store, context, served: session.served, signal }, options));
    session.withhold(envelope.context?.credentials ?? []);
    return wireClient(session, envelope);
  } catch (error) {
    session.close();
    throw error;
  }
}

async function capabilities({ served, call }: Session, signal: AbortSignal): Promise<readonly Operation[]> {
  if (served !== undefined) return served.operations;
  const request = { providerRef: undefined, sourceNamespace: "", context: undefined };
  const answer = await call(SecretStoreProviderService.capabilities, request, signal, validateTimeout);
  return prototypeOperations[fromCapabilities(answer.capabilities)];
}

const prototypeOperations = {
  ReadOnly: ["get", "map", "find"],
  WriteOnly: ["push", "delete", "exists"],
  ReadWrite: ["get", "map", "find", "push", "delete", "exists"],
} as const;

async function validateStore(
  store: Store,
  { served, call, presentText }: Session,
  signal: AbortSignal,
): Promise<StoreValidation> {
  if (served === undefined) return { warnings: [], errors: [] };
  const request = { context: toContext(bareContext(store, "")) };
  const { warnings, errors } = await call(ProviderService.validateStore, request, signal, validateTimeout);
  return { warnings: warnings.map(presentText), errors: errors.map(presentText) };
}
