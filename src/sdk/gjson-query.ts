import type { Query } from "./gjson-path.ts";
import type { RawJson } from "./raw-json.ts";
import { matchesWildcard } from "./wildcard.ts";

/** Whether what a query's path found is as the query asks; `undefined`: the path found nothing. */
export function satisfies(found: RawJson | undefined, query: Query): boolean {
  if (query.value.startsWith("~")) return compare(likeness(found, query.value.slice(1)), query.operator, "true");
  if (found === undefined) return false;
  return query.operator === "" || compare(found, query.operator, query.value);
}

/** `~true`, `~false`, `~null` and `~*` compare what a value is like. */
function likeness(found: RawJson | undefined, like: string): RawJson | undefined {
  const nothing = found === undefined || found.kind === "null";
  const text = found?.kind === "string" ? found.text.toLowerCase() : found?.kind;
  const number = found?.kind === "number" ? Number(found.raw) : undefined;
  const tests = new Map([
    ["*", found !== undefined],
    ["null", nothing],
    ["true", number === undefined ? /^(?:1|t|true)$/.test(text ?? "") : number !== 0],
    ["false", number === undefined ? nothing || /^(?:0|f|false)$/.test(text ?? "") : number === 0],
  ]);
  const result = tests.get(like);
  return result === undefined ? undefined : { kind: result ? "true" : "false", raw: String(result) };
}

function compare(found: RawJson | undefined, operator: Query["operator"], value: string): boolean {
  switch (found?.kind) {
    case "string":
      return compareText(found.text, operator, value);
    case "number":
      return ordered(operator, Number(found.raw), Number(value) || 0);
    case "true":
      // GJSON orders false before true, and takes any text for equal or less here.
      return operator === ">=" || (operator === ">" && value === "false") || equality(found.kind, operator, value);
    case "false":
      return operator === "<=" || (operator === "<" && value === "true") || equality(found.kind, operator, value);
    default:
      return false;
  }
}

function compareText(text: string, operator: Query["operator"], value: string): boolean {
  if (operator === "%") return matchesWildcard(text, value);
  if (operator === "!%") return !matchesWildcard(text, value);
  return ordered(operator, text, value);
}

function equality(kind: "true" | "false", operator: Query["operator"], value: string): boolean {
  return (operator === "=" && kind === value) || (operator === "!=" && kind !== value);
}

function ordered<T extends string | number>(operator: Query["operator"], a: T, b: T): boolean {
  switch (operator) {
    case "=":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return false;
  }
}
