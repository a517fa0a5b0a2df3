import { fieldSchema, isObject, type StructuralSchema } from "./structural.ts";

/**
 * A copy of `value` as the API server would store it: nulls of fields that are not nullable are dropped, then missing
 * fields get their defaults, and the defaults their own. `value` itself gets none.
 */
export function applyDefaults(schema: object, value: unknown): unknown {
  return defaulted(schema, value);
}

function defaulted(schema: StructuralSchema, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => listItem(schema.items ?? {}, item));
  if (!isObject(value)) return value;
  const fields = new Map<string, unknown>();
  for (const [name, field] of Object.entries(value)) {
    const known = fieldSchema(schema, name);
    if (known === undefined) fields.set(name, field);
    else if (field !== null || known.nullable === true) fields.set(name, defaulted(known, field));
  }
  for (const [name, known] of Object.entries(schema.properties ?? {})) {
    if (known.default !== undefined && !fields.has(name)) fields.set(name, defaulted(known, known.default));
  }
  return Object.fromEntries(fields);
}

function listItem(schema: StructuralSchema, item: unknown): unknown {
  return item === null && schema.nullable !== true && schema.default !== undefined
    ? defaulted(schema, schema.default)
    : defaulted(schema, item);
}
