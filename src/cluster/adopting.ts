import type { SecretObject, SecretWrite } from "./objects.ts";

/**
 * The write of a Secret that was not managed, of which the view has metadata alone: what its writer could not see stays.
 * That is the annotations that it does not set, and type and `immutable` unless it says otherwise.
 * @param held the Secret whole
 */
export function adopting(write: SecretWrite, { metadata, type, immutable }: SecretObject): SecretWrite {
  return {
    type,
    ...(immutable && { immutable }),
    ...write,
    annotations: { ...metadata.annotations, ...write.annotations },
  };
}
