import { formatProblem } from "./formats.ts";
import { brokenRules } from "./rule-check.ts";
import { appendToken, fieldSchema, isObject, type StructuralSchema } from "./structural.ts";

/** One thing that is wrong with a value. */
export interface Violation {
  /** JSON Pointer (RFC 6901) from the value that was validated; of a missing or unknown field, that field's own. */
  readonly pointer: string;
  /** For people, to stand after the place. Never quotes the value. */
  readonly message: string;
  /** The schema does not know the field; everything else is a value that breaks the schema. */
  readonly unknownField: boolean;
}

/**
 * What is wrong with `value` under a structural schema, in the order of the value; empty: nothing. Checks what the API
 * server checks by a CRD, of its CEL rules those of our own kinds, and that no field marked `unbuilt` is set. A null where a field is not
 * nullable is a violation: `applyDefaults` drops those, as the API server does first.
 */
export function validate(schema: object, value: unknown): readonly Violation[] {
  const found: Violation[] = [];
  check(schema, value, "", found);
  // As the API server has it: what breaks the schema may be what a rule looks at.
  if (found.length > 0) return found;
  return Array.from(brokenRules(schema, value, ""), (broken) => ({ ...broken, unknownField: false }));
}

function check(schema: StructuralSchema, value: unknown, pointer: string, found: Violation[]): void {
  const report = (message: string) => found.push({ pointer, message, unknownField: false });
  if (schema["x-outboard-unbuilt"] === true) {
    report("is not supported by this version of Outboard yet; remove it");
    return;
  }
  if (value === null && schema.nullable === true) return;
  const wrongType = typeProblem(schema, value);
  if (wrongType !== undefined) {
    report(wrongType);
    return;
  }
  for (const problem of valueProblems(schema, value)) report(problem);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) value.forEach((item, index) => check(items, item, appendToken(pointer, index), found));
  } else if (isObject(value)) checkFields(schema, value, pointer, found);
}

function checkFields(
  schema: StructuralSchema,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
  found: Violation[],
): void {
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema.additionalProperties === true;
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const known = fieldSchema(schema, name);
    const at = appendToken(pointer, name);
    if (known !== undefined) check(known, field, at, found);
    else if (!open) found.push({ pointer: at, message: "is not a field of this object", unknownField: true });
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(value, name) && value[name] !== undefined) continue;
    found.push({ pointer: appendToken(pointer, name), message: "is required", unknownField: false });
  }
}

function typeProblem(schema: StructuralSchema, value: unknown): string | undefined {
  const actual = typeOf(value);
  if (schema["x-kubernetes-int-or-string"] === true) {
    return actual === "integer" || actual === "string" ? undefined : `must be an integer or a string, not ${actual}`;
  }
  const { type } = schema;
  if (type === undefined || type === actual || (type === "number" && actual === "integer")) return undefined;
  return `must be of type ${type}, not ${actual}`;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function* valueProblems(schema: StructuralSchema, value: unknown): Generator<string> {
  if (schema.enum !== undefined && !schema.enum.includes(value)) yield `must be one of: ${schema.enum.join(", ")}`;
  if (typeof value === "string") yield* stringProblems(schema, value);
  else if (typeof value === "number") yield* numberProblems(schema, value);
  else if (Array.isArray(value)) yield* countProblems(value.length, "item", schema.minItems, schema.maxItems);
  else if (isObject(value)) {
    yield* countProblems(Object.keys(value).length, "field", schema.minProperties, schema.maxProperties);
  }
  const problem = schema.format === undefined ? undefined : formatProblem(schema.format, value);
  if (problem !== undefined) yield problem;
}

function* stringProblems(schema: StructuralSchema, value: string): Generator<string> {
  const { minLength, maxLength, pattern } = schema;
  // Kubernetes counts code points. A string that is too long is not looked at further: it may be a megabyte.
  const length = minLength === undefined && maxLength === undefined ? 0 : Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) yield `must have at most ${maxLength} characters`;
  else if (minLength !== undefined && length < minLength) yield `must have at least ${minLength} characters`;
  // Patterns are the schema's own, never a user's: no need for RE2.
  else if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) yield `must match ${pattern}`;
}

function* numberProblems(schema: StructuralSchema, value: number): Generator<string> {
  const { minimum, maximum, exclusiveMinimum = false, exclusiveMaximum = false, multipleOf } = schema;
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    yield exclusiveMinimum ? `must be greater than ${minimum}` : `must be at least ${minimum}`;
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    yield exclusiveMaximum ? `must be less than ${maximum}` : `must be at most ${maximum}`;
  }
  if (multipleOf !== undefined && value % multipleOf !== 0) yield `must be a multiple of ${multipleOf}`;
}

function* countProblems(count: number, of: string, least = 0, most = Number.POSITIVE_INFINITY): Generator<string> {
  const many = (number: number) => `${number} ${of}${number === 1 ? "" : "s"}`;
  if (least === most && count !== least) yield `must have exactly ${many(least)}, not ${count}`;
  else if (count < least) yield `must have at least ${many(least)}, not ${count}`;
  else if (count > most) yield `must have at most ${many(most)}, not ${count}`;
}
