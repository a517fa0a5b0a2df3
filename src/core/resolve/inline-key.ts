import { ProviderError } from "../../api/errors.ts";
import type { Store } from "../../api/provider.ts";

/**
 * The one key under a store's `spec.provider`, say "vault". A key that is null counts as absent, as Go decodes it.
 * Throws ProviderError InvalidConfig with ESO's text when there is not exactly one.
 */
export function inlineKey(store: Pick<Store, "name" | "spec">): string {
  const keys = Object.entries(store.spec.provider ?? {}).flatMap(([key, spec]) => (spec == null ? [] : [key]));
  const [key] = keys;
  if (key !== undefined && keys.length === 1) return key;
  throw new ProviderError(
    "InvalidConfig",
    `store error for ${store.name}: secret stores must only have exactly one backend specified, found ${keys.length}; ` +
      "spec.provider names one provider, say vault",
  );
}
