// From a TypeBox literal to what a CustomResourceDefinition may hold.
import { isDeepStrictEqual } from "node:util";
import { applyDefaults } from "../../src/api/defaults.ts";
import { validate } from "../../src/api/validate.ts";

/** Keywords of a structural schema that we use; any other is refused rather than passed on to an API server. */
const allowed = new Set([
  "type",
  "description",
  "nullable",
  "default",
  "enum",
  "format",
  "pattern",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "required",
  "properties",
  "additionalProperties",
  "items",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
]);

const intOrString = [{ type: "integer" }, { type: "string" }];

/** A schema that no CRD can hold; the message names file, path and keyword. */
export class SchemaError extends Error {
  name = "SchemaError";
}

/**
 * `schema` without our own keywords, as a structural schema. Throws SchemaError naming `file` and the place (JSON
 * Pointer from the schema's root) for a keyword or a form that structural schemas lack.
 */
export function structural(schema, file, pointer = "") {
  const refuse = (problem) => {
    throw new SchemaError(`${file}: ${pointer || "/"}: ${problem}`);
  };
  const result = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword.startsWith("x-outboard-")) continue;
    if (keyword === "anyOf" && schema["x-kubernetes-int-or-string"] && isDeepStrictEqual(value, intOrString)) {
      result.anyOf = value;
    } else if (allowed.has(keyword)) result[keyword] = value;
    else refuse(`structural schemas have no "${keyword}"; write the field without it`);
  }
  checkForm(schema, refuse);
  if (schema.properties) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, field]) => [
        name,
        structural(field, file, `${pointer}/properties/${name}`),
      ]),
    );
  }
  if (schema.items) result.items = structural(schema.items, file, `${pointer}/items`);
  if (schema.additionalProperties) {
    result.additionalProperties = structural(schema.additionalProperties, file, `${pointer}/additionalProperties`);
  }
  return result;
}

function checkForm(schema, refuse) {
  const { type, items, properties, additionalProperties, pattern } = schema;
  if (type === undefined && !schema["x-kubernetes-int-or-string"] && !schema["x-kubernetes-preserve-unknown-fields"]) {
    refuse("every schema needs a type");
  }
  if (type === "array" && (items === undefined || Array.isArray(items)))
    refuse("a list needs one schema for its items");
  if (additionalProperties !== undefined && typeof additionalProperties !== "object") {
    refuse("additionalProperties must be a schema");
  }
  if (additionalProperties && properties) refuse("properties and additionalProperties exclude each other");
  checkBounds(schema, refuse);
  if (pattern !== undefined && !isPattern(pattern)) refuse("its pattern is not a regular expression");
  checkDefault(schema, refuse);
}

/** JSON Schema's later drafts have a number here, CRDs do not. */
function checkBounds(schema, refuse) {
  for (const keyword of ["exclusiveMinimum", "exclusiveMaximum"]) {
    if (schema[keyword] === undefined || typeof schema[keyword] === "boolean") continue;
    refuse(`${keyword} must be true or false, beside minimum or maximum`);
  }
}

function checkDefault(schema, refuse) {
  if (schema.default === undefined) return;
  const [violation] = validate(schema, applyDefaults(schema, schema.default));
  if (violation) refuse(`its default is invalid: ${violation.pointer} ${violation.message}`);
}

function isPattern(pattern) {
  try {
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}
