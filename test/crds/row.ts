import { isObject } from "../../src/api/structural.ts";
import { pointerTokens } from "../../src/local/cluster/problem.ts";

/** A kind whose CRD is in deploy/crds, as `kindId` names it. */
export type TableKind =
  | "ExternalSecret"
  | "SecretStore"
  | "ClusterSecretStore"
  | "ProviderClass"
  | "ClusterProviderClass"
  | "Provider"
  | "ClusterProvider"
  | "Fake.provider.external-secrets.io"
  | "Vault.provider.external-secrets.io";

/** What a row writes: a spec, a status (of an object that is there already), or neither. */
export interface Written {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** A manifest that is accepted. */
export interface GoodRow {
  readonly name: string;
  readonly kinds: readonly TableKind[];
  readonly written: Written;
  /** What is stored: what was written, with the defaults. */
  readonly stored: Written;
}

/** A manifest that is rejected. */
export interface BadRow {
  readonly name: string;
  readonly kinds: readonly TableKind[];
  readonly written: Written;
  /** All that is wrong with it: `FIELD KEYWORD`, such as `spec.data[0].remoteRef.key required`. */
  readonly breaks: readonly string[];
}

/** Both kinds of store have one schema. */
export const stores: readonly TableKind[] = ["SecretStore", "ClusterSecretStore"];

export const externalSecrets: readonly TableKind[] = ["ExternalSecret"];

/** `value` with something else at each JSON Pointer; what is on the way to a field is made. */
export function replaced(value: unknown, replacements: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(replacements).reduce(
    (result, [pointer, replacement]) => replacedAt(result, pointerTokens(pointer), replacement),
    value,
  );
}

function replacedAt(value: unknown, tokens: readonly string[], replacement: unknown): unknown {
  const [token, ...rest] = tokens;
  if (token === undefined) return replacement;
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === token ? replacedAt(item, rest, replacement) : item));
  }
  const fields = isObject(value) ? value : {};
  return { ...fields, [token]: replacedAt(fields[token], rest, replacement) };
}
