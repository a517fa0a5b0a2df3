import { ProviderError } from "../api/errors.ts";
import type { SecretMap } from "../api/provider.ts";
import { selectPath } from "./gjson.ts";
import { numberText } from "./go-json.ts";
import { member, parseJsonObject, type RawJson, type RawObject } from "./raw-json.ts";

const encoder = new TextEncoder();

/**
 * The bytes of `property` in a JSON object, as ESO has it: the member of exactly that name, else a GJSON path; undefined
 * when there is neither. Strings without their quotes, null as nothing, objects and arrays as their source text.
 * Numbers: the member's source text; by a path integers as they stand and others without exponent, as gjson prints them.
 */
export function findProperty(object: RawObject, property: string): Uint8Array | undefined {
  const exact = member(object, property);
  if (exact !== undefined) return encoder.encode(textOf(exact));
  const selected = selectPath(object, property);
  if (selected === undefined) return undefined;
  return encoder.encode(selected.kind === "number" ? numberText(selected.raw) : textOf(selected));
}

/**
 * {@link findProperty} of a secret's bytes. Throws InvalidConfig when the secret is not a JSON object or has no such
 * property; not NoSecret, which would let a typing error delete Secrets (deletionPolicy).
 */
export function extractProperty(secret: Uint8Array, property: string, key: string): Uint8Array {
  const object = parseJsonObject(secret, `property ${JSON.stringify(property)}: the secret ${JSON.stringify(key)}`);
  const found = findProperty(object, property);
  if (found !== undefined) return found;
  throw new ProviderError("InvalidConfig", `cannot find secret data for key: ${JSON.stringify(property)}`);
}

/**
 * ESO's JSONToSecretDataMap: each member of a JSON object, strings without their quotes, null as nothing, all else as its
 * source text. Throws InvalidConfig when the bytes are not a JSON object.
 */
export function jsonMap(secret: Uint8Array, key: string): SecretMap {
  const object = parseJsonObject(secret, `the secret ${JSON.stringify(key)}`);
  return new Map(object.members.map((each) => [each.key, encoder.encode(textOf(each.value))]));
}

function textOf(value: RawJson): string {
  if (value.kind === "string") return value.text;
  return value.kind === "null" ? "" : value.raw;
}
