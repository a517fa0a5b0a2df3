import { ProviderError } from "../../api/errors.ts";
import type { FoundReference } from "../../api/references.ts";

/** A reference of a spec, read without trust in its shape. */
export interface Selector {
  /** Kind of the object that is read. */
  readonly kind: "Secret" | "ConfigMap" | "ServiceAccount";
  readonly name: string;
  readonly namespace: string | undefined;
  /** The user's, else the mark's; empty: neither names one. */
  readonly key: string;
  /** The user's, else the mark's. Throws InvalidConfig when there are none and a token for the API server is not meant. */
  audiences(): readonly string[];
}

/** The selector at a reference. What is not text counts as absent: the provider's schema says what is wrong with it. */
export function readSelector({ pointer, reference, selector }: FoundReference): Selector {
  const field = (name: string) => {
    const value = selector[name];
    return typeof value === "string" ? value : "";
  };
  return {
    kind: reference.kind === "CAProvider" ? (field("type") === "ConfigMap" ? "ConfigMap" : "Secret") : reference.kind,
    name: field("name"),
    namespace: field("namespace") || undefined,
    key: field("key") || (reference.defaultKey ?? ""),
    audiences() {
      const own = selector["audiences"];
      const named = Array.isArray(own) ? own.filter((audience) => typeof audience === "string") : [];
      if (named.length > 0) return named;
      if (reference.audiences !== undefined) return reference.audiences;
      if (reference.apiServerToken) return [];
      throw new ProviderError(
        "InvalidConfig",
        `${pointer} names no audiences, and a token without them would open the Kubernetes API; set audiences`,
      );
    },
  };
}
