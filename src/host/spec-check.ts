import { applyDefaults } from "../api/defaults.ts";
import { ProviderError } from "../api/errors.ts";
import type { StoreSpec } from "../api/provider.ts";
import { findReferences, referencesOf, type FoundReference } from "../api/references.ts";
import { isObject } from "../api/structural.ts";
import type { ProviderDefinition, StoreDefinition } from "./definition.ts";

/** A store's spec after the check: what the provider gets, and what the host needs to know of it. */
export interface CheckedSpec {
  readonly definition: StoreDefinition;
  /** With the schema's defaults. */
  readonly spec: StoreSpec;
  /** One for each field that the provider's schema does not know. */
  readonly warnings: readonly string[];
  /** The references that are set, their pointers from the root of the store's spec. */
  readonly references: readonly FoundReference[];
}

/** How many fields one message names. */
const shown = 5;

/** The store's spec from its JSON. Throws ProviderError InvalidConfig, without the parser's message: it quotes its input. */
export function parseSpec(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch {
    throw new ProviderError("InvalidConfig", "the store's spec is not JSON in UTF-8");
  }
}

/**
 * Checks a store's spec against the schema of the provider that serves it and fills in defaults. Rejects with
 * ProviderError InvalidConfig naming each field by its JSON Pointer: no or more than one key under `provider`, a key
 * that is not served here, a value of the wrong type, a field that is not built yet. Unknown fields are warnings.
 */
export async function checkSpec(definition: ProviderDefinition, spec: unknown): Promise<CheckedSpec> {
  const { key, value, rest } = providerOf(spec);
  const store = storeDefinition(definition, key);
  const root = `/provider/${key}`;
  // Loaded at first use, so that the process listens sooner.
  const { validate } = await import("../api/validate.ts");
  const provider = applyDefaults(store.spec, value);
  const violations = validate(store.spec, provider);
  const wrong = violations.filter(({ unknownField }) => !unknownField);
  if (wrong.length > 0) {
    const messages = wrong.map(({ pointer, message }) => `${quote(root + pointer)} ${message}`);
    throw invalid(`the store's spec is invalid: ${list(messages)}`);
  }
  const unknown = violations.filter(({ unknownField }) => unknownField);
  return {
    definition: store,
    spec: { ...rest, provider: { [key]: provider } },
    warnings: unknown.map(({ pointer }) => `provider ${definition.name} does not know ${quote(root + pointer)}`),
    references: findReferences(referencesOf(store.spec), provider).map((found) => ({
      ...found,
      pointer: root + found.pointer,
    })),
  };
}

/** Which store of `definition` serves `key`. Throws ProviderError InvalidConfig when none does. */
export function storeDefinition(definition: ProviderDefinition, key: string): StoreDefinition {
  const store = definition.stores.find((candidate) => candidate.key === key);
  if (store !== undefined) return store;
  const served = definition.stores.map((candidate) => candidate.key).join(", ");
  throw invalid(`provider ${definition.name} serves no store of type ${quote(key)}, only ${served}`);
}

function providerOf(spec: unknown): { key: string; value: unknown; rest: Omit<StoreSpec, "provider"> } {
  const provider = isObject(spec) && isObject(spec["provider"]) ? spec["provider"] : {};
  const keys = Object.keys(provider);
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw invalid(`secret stores must have exactly one backend under spec.provider, found ${keys.length}`);
  }
  const retrySettings = isObject(spec) ? spec["retrySettings"] : undefined;
  return { key, value: provider[key], rest: isObject(retrySettings) ? { retrySettings } : {} };
}

/** Field names are a user's text: quoted, control characters escaped. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function list(items: readonly string[]): string {
  const more = items.length - shown;
  return items.slice(0, shown).join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function invalid(message: string): ProviderError {
  return new ProviderError("InvalidConfig", message);
}
