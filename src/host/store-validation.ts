import { ProviderError } from "../api/errors.ts";
import type { Store, StoreValidation } from "../api/provider.ts";
import type { CheckedSpec } from "./spec-check.ts";

/** What the spec's check and the provider say of a store. Rejects only when it could not be looked at. */
export async function validateStore(
  store: Omit<Store, "spec">,
  checking: Promise<CheckedSpec>,
  signal: AbortSignal,
): Promise<StoreValidation> {
  const checked = await checking.catch(asErrors);
  if ("errors" in checked) return checked;
  const { warnings, errors } = await checked.definition.provider.validateStore(
    { ...store, spec: checked.spec },
    signal,
  );
  return { warnings: [...checked.warnings, ...warnings], errors };
}

function asErrors(error: unknown): StoreValidation {
  if (error instanceof ProviderError && error.code === "InvalidConfig")
    return { warnings: [], errors: [error.message] };
  throw error;
}
