import { errorTable, type ProviderError } from "../api/errors.ts";
import type { ObjectKey } from "../cluster/cluster.ts";
import type { Lane } from "../cluster/lanes.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { inlineKey } from "./resolve/inline-key.ts";
import { ResolutionError } from "./resolve/resolution-error.ts";
import type { CoreStore, Route } from "./store.ts";

/**
 * Woken when the provider of a key is reachable again. Providers of one key that are reached by different ways are
 * different ones.
 */
export const providerTopic = (key: string, route: Route = { by: "discovery" }) => `provider:${key}${wayOf(route)}`;
/** Woken when the server of that name may be another process than before. */
export const restartTopic = (serverName: string) => `restart:${serverName}`;
/** Woken when what is behind a Service changed. */
export const serviceTopic = ({ namespace, name }: ObjectKey) => `service:${namespace}/${name}`;
/** Woken when a store became Ready, or is still Ready after it or a credential of it changed. */
export const storeTopic = (ref: StoreRef) => `store:${ref.kind}/${ref.namespace}/${ref.name}`;
/** Woken when a store was looked at for the first time, or is gone. */
export const firstLookTopic = (ref: StoreRef) => `first-look:${ref.kind}/${ref.namespace}/${ref.name}`;
/** Woken when a namespace or its labels changed. */
export const namespaceTopic = (name: string) => `namespace:${name}`;

/** A store, by what its provider is found. */
type RoutedStore = Pick<CoreStore, "name" | "spec" | "route">;

/** What a failure on the way to a provider waits for: only some failures end when the provider is back. */
export function providerTopics(store: RoutedStore, error: ProviderError): readonly string[] {
  const key = providerKey(store);
  if (key === undefined || errorTable[error.code].retry !== "recovery") return [];
  const service = serviceBehind(error);
  return [providerTopic(key, store.route), ...(service === undefined ? [] : [serviceTopic(service)])];
}

/** An ExternalSecret's error says where it happened; the resolver's is its cause. */
function serviceBehind(error: unknown): ObjectKey | undefined {
  if (error instanceof ResolutionError) return error.service;
  return error instanceof Error ? serviceBehind(error.cause) : undefined;
}

/** Half of the workers for one provider: one that hangs leaves the others their half. */
export function providerLanes(store: RoutedStore): readonly Lane[] {
  const key = providerKey(store);
  return key === undefined ? [] : [{ name: providerTopic(key, store.route), share: 1 / 2 }];
}

function wayOf(route: Route): string {
  if (route.by === "discovery") return "";
  if (route.by === "address") return `@${route.address}`;
  const { kind, namespace, name } = route.ref;
  return `@${kind}/${namespace}/${name}`;
}

/** A quarter of the workers for one store, and half for its provider. */
export function storeLanes(store: CoreStore): readonly Lane[] {
  return [...providerLanes(store), { name: storeTopic(store.ref), share: 1 / 4 }];
}

function providerKey(store: Pick<CoreStore, "name" | "spec">): string | undefined {
  try {
    return inlineKey(store);
  } catch {
    return undefined; // Not exactly one key: reported where the store is reconciled, and no provider's work.
  }
}
