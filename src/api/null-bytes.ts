import { ProviderError } from "./errors.ts";
import type { SecretMap } from "./provider.ts";

/** ESO's nullBytePolicy; empty or absent is Ignore. */
export type NullBytePolicy = "Ignore" | "Fail" | "";

/**
 * Under Fail, InvalidConfig for the first key, in sorted order, whose decoded value contains a NUL byte. For
 * `spec.data` the map has the one entry.
 */
export function checkNullBytes(policy: NullBytePolicy | undefined, values: SecretMap): void {
  if (policy !== "Fail") return;
  const [key] = [...values]
    .filter(([, value]) => value.includes(0))
    .map(([name]) => name)
    .toSorted();
  if (key === undefined) return;
  throw new ProviderError(
    "InvalidConfig",
    `fetched secret value for key ${JSON.stringify(key)} contains null bytes; use a text-safe format such as PEM/base64 or leave nullBytePolicy unset for intentional binary data`,
  );
}
