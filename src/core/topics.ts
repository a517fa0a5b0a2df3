import { errorTable, type ProviderError } from "../api/errors.ts";
import type { Store } from "../api/provider.ts";
import type { Lane } from "../cluster/lanes.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import { inlineKey } from "./resolve/inline-key.ts";

/** Woken when a provider is reachable again. */
export const providerTopic = (key: string) => `provider:${key}`;
/** Woken when a store became Ready, or is still Ready after it or a credential of it changed. */
export const storeTopic = (ref: StoreRef) => `store:${ref.kind}/${ref.namespace}/${ref.name}`;
/** Woken when a store was looked at for the first time, or is gone. */
export const firstLookTopic = (ref: StoreRef) => `first-look:${ref.kind}/${ref.namespace}/${ref.name}`;
/** Woken when a namespace or its labels changed. */
export const namespaceTopic = (name: string) => `namespace:${name}`;

/** What a failure on the way to a provider waits for: only some failures end when the provider is back. */
export function providerTopics(store: Pick<Store, "name" | "spec">, error: ProviderError): readonly string[] {
  const key = providerKey(store);
  return key !== undefined && errorTable[error.code].retry === "recovery" ? [providerTopic(key)] : [];
}

/**
 * Half of the workers for one provider: one that hangs leaves the others their half. Providers of one key that run behind
 * different classes are different ones.
 */
export function providerLanes(store: Pick<Store, "namespace" | "name" | "spec">): readonly Lane[] {
  const key = providerKey(store);
  if (key === undefined) return [];
  const { kind, name } = store.spec.runtimeRef ?? {};
  const where = kind === undefined ? "" : `@${kind}/${kind === "ProviderClass" ? store.namespace : ""}/${name}`;
  return [{ name: `${providerTopic(key)}${where}`, share: 1 / 2 }];
}

/** A quarter of the workers for one store, and half for its provider. */
export function storeLanes(store: Store): readonly Lane[] {
  return [...providerLanes(store), { name: storeTopic(store), share: 1 / 4 }];
}

function providerKey(store: Pick<Store, "name" | "spec">): string | undefined {
  try {
    return inlineKey(store);
  } catch {
    return undefined; // Not exactly one key: reported where the store is reconciled, and no provider's work.
  }
}
