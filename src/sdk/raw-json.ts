import { ProviderError } from "../api/errors.ts";

/**
 * A JSON value (RFC 8259) that keeps its source text, so that numbers of any length and the order of members survive.
 * `raw` is the exact text of the value. Members keep duplicates and order; keys are decoded.
 */
export type RawJson =
  | { readonly kind: "object"; readonly raw: string; readonly members: readonly Member[] }
  | { readonly kind: "array"; readonly raw: string; readonly items: readonly RawJson[] }
  | { readonly kind: "string"; readonly raw: string; readonly text: string }
  | { readonly kind: "number" | "true" | "false" | "null"; readonly raw: string };

/** A {@link RawJson} object; what most backends keep. */
export type RawObject = Extract<RawJson, { readonly kind: "object" }>;

/** One member of a {@link RawObject}; `rawKey` has the quotes. */
export interface Member {
  readonly key: string;
  readonly rawKey: string;
  readonly value: RawJson;
}

const deepest = 1000;
const space = /[ \t\n\r]*/y;
const scalarToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Parses `text`; undefined when it is no JSON (or nested deeper than 1,000). Says no more: the text may be a secret. */
export function parseJson(text: string): RawJson | undefined {
  const parser = { text, at: 0 };
  const value = parseValue(parser, 0);
  take(parser, space);
  return parser.at === text.length ? value : undefined;
}

/** The same from UTF-8 bytes; bytes that are no UTF-8 become U+FFFD, as in Go's encoding/json. */
export function parseJsonBytes(bytes: Uint8Array): RawJson | undefined {
  return parseJson(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
}

/** A JSON object from bytes. Throws InvalidConfig "`what` is not a JSON object". */
export function parseJsonObject(bytes: Uint8Array, what: string): RawObject {
  const value = parseJsonBytes(bytes);
  if (value?.kind === "object") return value;
  throw new ProviderError("InvalidConfig", `${what} is not a JSON object`);
}

/** The value of the last member named `key` (what Go's and JavaScript's parsers keep of duplicates). */
export function member(value: RawJson | undefined, key: string): RawJson | undefined {
  return value?.kind === "object" ? value.members.findLast((each) => each.key === key)?.value : undefined;
}

/** The decoded text of a JSON string; undefined for anything else. */
export function stringOf(value: RawJson | undefined): string | undefined {
  return value?.kind === "string" ? value.text : undefined;
}

/** A JSON string value with the given text. */
export function stringValue(text: string): RawJson {
  return { kind: "string", raw: JSON.stringify(text), text };
}

/** An array with these items, its text without white space between them. */
export function arrayValue(items: readonly RawJson[]): RawJson {
  return { kind: "array", raw: `[${items.map((item) => item.raw).join(",")}]`, items };
}

/** An object with these members, its text without white space between them. */
export function objectValue(members: readonly Member[]): RawObject {
  return { kind: "object", raw: `{${members.map((each) => `${each.rawKey}:${each.value.raw}`).join(",")}}`, members };
}

/** A member of an object. */
export function jsonMember(key: string, value: RawJson): Member {
  return { key, rawKey: JSON.stringify(key), value };
}

/** An object of strings. */
export function textObject(entries: readonly (readonly [string, string])[]): RawObject {
  return objectValue(entries.map(([key, text]) => jsonMember(key, stringValue(text))));
}

interface Parser {
  readonly text: string;
  at: number;
}

function take(parser: Parser, token: RegExp): string | undefined {
  token.lastIndex = parser.at;
  const found = token.exec(parser.text)?.[0];
  if (found !== undefined) parser.at += found.length;
  return found;
}

function takeCharacter(parser: Parser, character: string): boolean {
  take(parser, space);
  if (parser.text[parser.at] !== character) return false;
  parser.at += 1;
  return true;
}

function parseValue(parser: Parser, depth: number): RawJson | undefined {
  take(parser, space);
  if (depth > deepest) return undefined;
  const first = parser.text[parser.at];
  if (first === "{") return parseObject(parser, depth);
  if (first === "[") return parseArray(parser, depth);
  if (first === '"') return parseString(parser);
  const raw = take(parser, scalarToken);
  if (raw === undefined) return undefined;
  return { kind: raw === "true" || raw === "false" || raw === "null" ? raw : "number", raw };
}

function parseString(parser: Parser): Extract<RawJson, { readonly kind: "string" }> | undefined {
  const end = endOfString(parser.text, parser.at);
  if (end === undefined) return undefined;
  const raw = parser.text.slice(parser.at, end);
  parser.at = end;
  return { kind: "string", raw, text: decode(raw) };
}

// By hand: a regular expression's backtracking overflows on values of megabytes.
function endOfString(text: string, start: number): number | undefined {
  if (text[start] !== '"') return undefined;
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (Number.isNaN(code) || code < 0x20) return undefined;
    if (code !== 0x5c) at += 1;
    else if (text[at + 1] === "u" && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) at += 6;
    else if (/^["\\/bfnrt]$/.test(text.charAt(at + 1))) at += 2;
    else return undefined;
  }
}

function decode(raw: string): string {
  // The token was checked already, so JSON.parse cannot throw (its message would quote the value).
  return raw.includes("\\") ? String(JSON.parse(raw)) : raw.slice(1, -1);
}

function parseArray(parser: Parser, depth: number): RawJson | undefined {
  const start = parser.at++;
  const items: RawJson[] = [];
  if (!takeCharacter(parser, "]")) {
    do {
      const item = parseValue(parser, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    } while (takeCharacter(parser, ","));
    if (!takeCharacter(parser, "]")) return undefined;
  }
  return { kind: "array", raw: parser.text.slice(start, parser.at), items };
}

function parseObject(parser: Parser, depth: number): RawJson | undefined {
  const start = parser.at++;
  const members: Member[] = [];
  if (!takeCharacter(parser, "}")) {
    do {
      take(parser, space);
      const key = parseString(parser);
      if (key === undefined || !takeCharacter(parser, ":")) return undefined;
      const value = parseValue(parser, depth + 1);
      if (value === undefined) return undefined;
      members.push({ key: key.text, rawKey: key.raw, value });
    } while (takeCharacter(parser, ","));
    if (!takeCharacter(parser, "}")) return undefined;
  }
  return { kind: "object", raw: parser.text.slice(start, parser.at), members };
}
