import { ProviderError } from "./errors.ts";
import type { FoundReference } from "./references.ts";

/**
 * The audiences of the token that a reference to a ServiceAccount asks for: the user's, else the mark's; with the mark's
 * `audiencesField` both, as ESO has it. None: one for the API server itself, where the mark allows it. Throws
 * InvalidConfig when there are none and that is not meant.
 */
export function audiencesOf({ pointer, reference, selector, besides }: FoundReference): readonly string[] {
  const named = texts(selector["audiences"]);
  if (reference.audiencesField !== undefined) {
    const more = texts(besides);
    return [...new Set([...named, ...(more.length > 0 ? more : (reference.audiences ?? []))])];
  }
  if (named.length > 0) return named;
  if (reference.audiences !== undefined) return reference.audiences;
  if (reference.apiServerToken) return [];
  throw new ProviderError(
    "InvalidConfig",
    `${pointer} names no audiences, and a token without them would open the Kubernetes API; set audiences`,
  );
}

/** Whether what a reference asks for opens the Kubernetes API: a token without audiences, where its mark allows one. */
export function opensApiServer(found: FoundReference): boolean {
  return found.reference.apiServerToken === true && audiencesOf(found).length === 0;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
