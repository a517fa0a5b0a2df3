import { isObject } from "../../src/api/structural.ts";
import type { BadRow, TableKind, Written } from "./row.ts";

/**
 * From an object with every field, rows in which things have another type: one in which each plain value has, and for
 * each depth one in which each object and list of that depth has.
 */
export function wrongTypes(kinds: readonly TableKind[], field: "spec" | "status", whole: unknown): readonly BadRow[] {
  const rows = [row(kinds, field, `each plain value of a ${field} of another type`, spoilt(whole, field, undefined))];
  for (let depth = 0; ; depth++) {
    const result = spoilt(whole, field, depth);
    if (result.breaks.length === 0) return rows;
    rows.push(row(kinds, field, `text for each object and list at depth ${depth} of a ${field}`, result));
  }
}

function row(kinds: readonly TableKind[], field: "spec" | "status", name: string, result: Spoilt): BadRow {
  const written: Written = field === "spec" ? { spec: result.value } : { status: result.value };
  return { name: `${name} (${kinds.join(", ")})`, kinds, written, breaks: result.breaks };
}

interface Spoilt {
  readonly value: unknown;
  readonly breaks: readonly string[];
}

/** Objects and lists `depth` below here replaced by text; without a depth, each plain value by one of another type. */
function spoilt(value: unknown, field: string, depth: number | undefined): Spoilt {
  const isPlain = !Array.isArray(value) && !isObject(value);
  if (isPlain && depth !== undefined) return { value, breaks: [] };
  if (isPlain) return { value: typeof value === "boolean" ? "text" : true, breaks: [`${field} type`] };
  if (depth === 0) return { value: "text", breaks: [`${field} type`] };
  const below = depth === undefined ? undefined : depth - 1;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, index) => spoilt(item, `${field}[${index}]`, below));
    return { value: items.map((item) => item.value), breaks: items.flatMap(({ breaks }) => breaks) };
  }
  const fields = Object.entries(value).map(([name, item]) => [name, spoilt(item, `${field}.${name}`, below)] as const);
  return {
    value: Object.fromEntries(fields.map(([name, item]) => [name, item.value])),
    breaks: fields.flatMap(([, { breaks }]) => breaks),
  };
}
