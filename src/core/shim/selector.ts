import { audiencesOf } from "../../api/audiences.ts";
import type { FoundReference } from "../../api/references.ts";

/** A reference of a spec, read without trust in its shape. */
export interface Selector {
  /** Kind of the object that is read. */
  readonly kind: "Secret" | "ConfigMap" | "ServiceAccount";
  readonly name: string;
  readonly namespace: string | undefined;
  /** The user's, else the mark's; empty: neither names one. */
  readonly key: string;
  /** See {@link audiencesOf}. */
  audiences(): readonly string[];
}

/** The selector at a reference. What is not text counts as absent: the provider's schema says what is wrong with it. */
export function readSelector(found: FoundReference): Selector {
  const { reference, selector } = found;
  const field = (name: string) => {
    const value = selector[name];
    return typeof value === "string" ? value : "";
  };
  return {
    kind: reference.kind === "CAProvider" ? (field("type") === "ConfigMap" ? "ConfigMap" : "Secret") : reference.kind,
    name: field("name"),
    namespace: field("namespace") || undefined,
    key: field("key") || (reference.defaultKey ?? ""),
    audiences: () => audiencesOf(found),
  };
}
