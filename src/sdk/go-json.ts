import type { RawJson } from "./raw-json.ts";

/**
 * The text that Go's json.Marshal gives for a decoded value: no white space, members sorted by the bytes of their keys,
 * the last of duplicate keys, `<`, `>`, `&`, U+2028 and U+2029 escaped. Numbers keep their source text (json.Number).
 * ESO hands out whole secrets in this form.
 */
export function goJson(value: RawJson): string {
  switch (value.kind) {
    case "object": {
      const members = new Map(value.members.map((each) => [each.key.toWellFormed(), each.value]));
      const sorted = [...members].toSorted(([a], [b]) => compareBytes(a, b));
      return `{${sorted.map(([key, each]) => `${goString(key)}:${goJson(each)}`).join(",")}}`;
    }
    case "array":
      return `[${value.items.map(goJson).join(",")}]`;
    case "string":
      return goString(value.text);
    default:
      return value.raw;
  }
}

/** One string as json.Marshal writes it. */
export function goString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A JSON number as ESO's gjson prints it: integers of any length as they stand, all others as the shortest decimal
 * number without exponent (Go's FormatFloat 'f', -1).
 */
export function numberText(raw: string): string {
  if (/^-?\d+$/.test(raw)) return raw;
  const value = Number(raw);
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return withoutExponent(Object.is(value, -0) ? "-0" : String(value));
}

function withoutExponent(text: string): string {
  const [mantissa = "", exponent] = text.split("e");
  if (exponent === undefined) return text;
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
