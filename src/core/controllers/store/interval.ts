import { parseDuration } from "../../../api/duration.ts";
import { ProviderError } from "../../../api/errors.ts";
import type { SecretStoreSpec } from "../../../api/kinds/secret-store.ts";

/**
 * How often a store is validated, in milliseconds: `spec.refreshInterval` (a number is seconds, a text a Go duration),
 * `otherwise` when it is not set or zero. Throws ProviderError InvalidConfig.
 */
export function requeueInterval({ refreshInterval }: SecretStoreSpec, otherwise: number): number {
  if (refreshInterval === undefined || refreshInterval === "") return otherwise;
  const milliseconds = typeof refreshInterval === "number" ? refreshInterval * 1_000 : parsed(refreshInterval);
  if (milliseconds < 0) throw invalid(refreshInterval, "must not be negative");
  return milliseconds === 0 ? otherwise : milliseconds;
}

function parsed(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw invalid(text, ProviderError.from(error).message);
  }
}

function invalid(value: string | number, why: string): ProviderError {
  return new ProviderError("InvalidConfig", `invalid refreshInterval ${JSON.stringify(value)}: ${why}`);
}
