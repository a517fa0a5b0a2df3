import { ProviderError } from "../api/errors.ts";
import type { PushData, PushSource } from "../api/provider.ts";
import { goJson } from "./go-json.ts";
import { jsonMember, objectValue, parseJsonObject, stringValue, textObject, type RawObject } from "./raw-json.ts";

const encoder = new TextEncoder();

/**
 * What a push writes: the value of `secretKey`, or without one the whole Secret as a JSON object of strings (ESO's
 * ExtractSecretData). Throws InvalidConfig when the key does not exist or a value is no UTF-8 where JSON needs it.
 */
export function pushedValue(source: PushSource, data: PushData): Uint8Array {
  if (data.secretKey !== "") {
    const value = source.data.get(data.secretKey);
    if (value !== undefined) return value;
    throw new ProviderError("InvalidConfig", `failed to find secret key in secret with key: ${data.secretKey}`);
  }
  const sorted = [...source.data].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = sorted.map(([key, value]) => [key, utf8(value, `key ${JSON.stringify(key)} of the Secret`)] as const);
  return encoder.encode(textObject(texts).raw);
}

/** `object` (nothing: an empty one) with the member `property` set to `value` as a string, the others as they stand. */
export function mergeProperty(object: RawObject | undefined, property: string, value: Uint8Array): RawObject {
  const others = (object?.members ?? []).filter((each) => each.key !== property);
  const text = utf8(value, `the value of property ${JSON.stringify(property)}`);
  return objectValue([...others, jsonMember(property, stringValue(text))]);
}

/** `object` without the member `property`. */
export function withoutProperty(object: RawObject, property: string): RawObject {
  return objectValue(object.members.filter((each) => each.key !== property));
}

/** A pushed value that a backend keeps as a JSON object. Throws InvalidConfig when it is none. */
export function pushedObject(value: Uint8Array): RawObject {
  return parseJsonObject(value, "without property the pushed value must be a JSON object, and it");
}

/** Whether two objects hold the same values, whatever their white space and the order of their members. */
export function sameJson(a: RawObject | undefined, b: RawObject | undefined): boolean {
  return a === undefined || b === undefined ? a === b : goJson(a) === goJson(b);
}

function utf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ProviderError(
      "InvalidConfig",
      `${what} is not UTF-8 text, and JSON holds nothing else: push it base64-encoded`,
    );
  }
}
