// Made by scripts/generate.mjs from the providers' provider.yaml; do not edit.

/** Keys under `spec.provider` whose providers are not maintained any more (ESO's maintenance status). */
export const maintenance: ReadonlyMap<string, "NotMaintained" | "Deprecated"> = new Map([
  ["fake", "NotMaintained"],
]);
