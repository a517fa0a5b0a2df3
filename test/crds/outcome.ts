import { applyDefaults } from "../../src/api/defaults.ts";
import { isObject, type StructuralSchema } from "../../src/api/structural.ts";
import { validate, type Violation } from "../../src/api/validate.ts";
import { fieldPath } from "../../src/local/cluster/problem.ts";
import type { Written } from "./row.ts";

/** What our own validation makes of something written: what is stored, and `FIELD KEYWORD` of all that is wrong. */
export interface Outcome {
  readonly stored: Written;
  readonly breaks: readonly string[];
}

/** `schema` is the whole object's. */
export function outcomeOf(schema: StructuralSchema, written: Written): Outcome {
  const stored = applyDefaults(schema, written);
  // Who writes a status leaves the spec as it is.
  const checked = "status" in written ? { ...schema, required: [] } : schema;
  const breaks = validate(checked, stored).map(
    (violation) => `${fieldPath(violation.pointer)} ${keywordOf(violation)}`,
  );
  return { stored: isObject(stored) ? stored : {}, breaks: breaks.sort() };
}

/** Which keyword of a schema our messages speak of. */
const keywords: readonly (readonly [message: RegExp, keyword: string])[] = [
  [/^is required$/, "required"],
  [/^must be one of: /, "enum"],
  [/^must (be set|not be set|be one of [^:])/, "rule"],
  [/^must match /, "pattern"],
  [/^must have at least \d+ characters?$/, "minLength"],
  [/^must have at most \d+ characters?$/, "maxLength"],
  [/^must have at least \d+ items?, /, "minItems"],
  [/^must have at most \d+ items?, /, "maxItems"],
  [/^must have (exactly 1 field, not 0|at least \d+ fields?, )/, "minProperties"],
  [/^must have (exactly 1 field, not |at most \d+ fields?, )/, "maxProperties"],
  [/^must be (of type |an integer or a string)/, "type"],
  [/^must (fit into \d+ bits|be Base64|be a time )/, "format"],
];

function keywordOf({ message, unknownField }: Violation): string {
  if (unknownField) return "unknown";
  return keywords.find(([pattern]) => pattern.test(message))?.[1] ?? `"${message}"`;
}
