import { goString } from "./go-json.ts";
import { endOfBrackets, endOfQuotes } from "./gjson-path.ts";
import { arrayValue, objectValue, parseJson, type Member, type RawJson } from "./raw-json.ts";

type Get = (value: RawJson, path: string) => RawJson | undefined;
type Modifier = (value: RawJson | undefined, argument: string, get: Get) => RawJson | undefined;

/** GJSON's modifiers, each a function of a value and the text after the colon; `@pretty` is not among them. */
const modifiers: ReadonlyMap<string, Modifier> = new Map<string, Modifier>([
  ["this", (value) => value],
  // A value is valid JSON here: it was parsed.
  ["valid", (value) => value],
  ["ugly", (value) => value && compact(value)],
  ["reverse", reverse],
  ["keys", keys],
  ["values", values],
  ["flatten", flatten],
  ["join", join],
  ["group", group],
  ["tostr", (value) => asString(value?.raw ?? "")],
  ["fromstr", (value) => (value?.kind === "string" ? parseJson(value.text) : value)],
  ["dig", (value, argument, get) => arrayValue(dig(value, argument, get))],
]);

/** Whether `@name` is a modifier; if not it is a key. */
export function isModifier(name: string): boolean {
  return modifiers.has(name);
}

/** Applies the modifier that `path` starts with; undefined: it starts with none. `rest` starts with `.`, `|` or is empty. */
export function applyModifier(
  value: RawJson | undefined,
  path: string,
  get: Get,
): { readonly value: RawJson | undefined; readonly rest: string } | undefined {
  const name = /^@([^.|:]*)/.exec(path)?.[1] ?? "";
  const modifier = modifiers.get(name);
  if (modifier === undefined) return undefined;
  const after = path.slice(name.length + 1);
  const [argument, rest] = after.startsWith(":") ? splitArgument(after.slice(1)) : ["", after];
  return { value: modifier(value, argument, get), rest };
}

/** Reads `!"text"`, `!12`, `!true`, `!{…}`, `![…]`: a value that stands in the path itself. */
export function readLiteral(path: string): { readonly value: RawJson; readonly rest: string } | undefined {
  const end = endOfLiteral(path);
  const value = parseJson(path.slice(1, end));
  return value === undefined ? undefined : { value, rest: path.slice(end) };
}

function endOfLiteral(path: string): number {
  if (/^![[{]/.test(path)) return endOfBrackets(path, 1);
  if (path.startsWith('!"')) return endOfQuotes(path, 1);
  return 1 + (/^[^.|]*(?:\.\d+)?/.exec(path.slice(1))?.[0].length ?? 0);
}

function splitArgument(text: string): readonly [string, string] {
  const end = /^[[{(]/.test(text)
    ? endOfBrackets(text, 0)
    : text.startsWith('"')
      ? endOfQuotes(text, 0)
      : text.indexOf("|");
  return end === -1 ? [text, ""] : [text.slice(0, end), text.slice(end)];
}

function hasOption(argument: string, name: string): boolean {
  const options = parseJson(argument);
  return options?.kind === "object" && options.members.some(({ key, value }) => key === name && value.kind === "true");
}

function asString(text: string): RawJson {
  return { kind: "string", raw: goString(text), text };
}

function compact(value: RawJson): RawJson {
  if (value.kind === "array") return arrayValue(value.items.map(compact));
  if (value.kind !== "object") return value;
  return objectValue(value.members.map((member) => ({ ...member, value: compact(member.value) })));
}

function reverse(value: RawJson | undefined): RawJson | undefined {
  if (value?.kind === "array") return arrayValue(value.items.toReversed());
  if (value?.kind === "object") return objectValue(value.members.toReversed());
  return value;
}

function keys(value: RawJson | undefined): RawJson {
  if (value?.kind === "object")
    return arrayValue(value.members.map(({ key, rawKey }) => ({ kind: "string", raw: rawKey, text: key })));
  const count = value === undefined ? 0 : value.kind === "array" ? value.items.length : 1;
  return arrayValue(Array.from({ length: count }, () => ({ kind: "null", raw: "null" }) as const));
}

function values(value: RawJson | undefined): RawJson {
  if (value?.kind === "array") return value;
  if (value?.kind === "object") return arrayValue(value.members.map((member) => member.value));
  return arrayValue(value === undefined ? [] : [value]);
}

function flatten(value: RawJson | undefined, argument: string): RawJson | undefined {
  if (value?.kind !== "array") return value;
  const deep = hasOption(argument, "deep");
  const items = (array: readonly RawJson[]): readonly RawJson[] =>
    array.flatMap((item) => (item.kind !== "array" ? [item] : deep ? items(item.items) : item.items));
  return arrayValue(items(value.items));
}

function join(value: RawJson | undefined, argument: string): RawJson | undefined {
  if (value?.kind !== "array") return value;
  const members = value.items.flatMap((item) => (item.kind === "object" ? item.members : []));
  if (hasOption(argument, "preserve")) return objectValue(members);
  const last = new Map<string, Member>();
  for (const member of members) last.set(member.key, { ...(last.get(member.key) ?? member), value: member.value });
  return objectValue([...last.values()]);
}

function group(value: RawJson | undefined): RawJson | undefined {
  if (value?.kind !== "object") return undefined;
  const rows: Member[][] = [];
  for (const { key, rawKey, value: column } of value.members) {
    if (column.kind !== "array") continue;
    for (const [index, item] of column.items.entries()) (rows[index] ??= []).push({ key, rawKey, value: item });
  }
  return arrayValue(rows.map(objectValue));
}

function dig(value: RawJson | undefined, path: string, get: Get): readonly RawJson[] {
  if (value === undefined) return [];
  const here = get(value, path);
  const children =
    value.kind === "array" ? value.items : value.kind === "object" ? value.members.map((each) => each.value) : [];
  return [...(here === undefined ? [] : [here]), ...children.flatMap((child) => dig(child, path, get))];
}
