import { keepsRule } from "./kinds/rules.ts";
import { appendToken, fieldSchema, isObject, type StructuralSchema } from "./structural.ts";

/** A rule of `x-kubernetes-validations` that a value breaks. */
export interface BrokenRule {
  /** JSON Pointer of the field that the rule names. */
  readonly pointer: string;
  readonly message: string;
}

/** The rules of a schema that `value`, which fits it in all else, breaks; in the order of the value. */
export function* brokenRules(schema: StructuralSchema, value: unknown, pointer: string): Generator<BrokenRule> {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) {
      for (const [index, item] of value.entries()) yield* brokenRules(items, item, appendToken(pointer, index));
    }
  }
  if (!isObject(value)) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const { fieldPath = "", message = "breaks a rule of its schema" } = rule;
    if (!keepsRule(rule, value)) yield { pointer: pointer + fieldPath.replaceAll(".", "/"), message };
  }
  for (const [name, field] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    if (known !== undefined) yield* brokenRules(known, field, appendToken(pointer, name));
  }
}
