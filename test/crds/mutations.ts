import type { StructuralSchema } from "../../src/api/structural.ts";

/** A schema that lacks one thing. */
export interface Mutation {
  /** `spec.data[].secretKey pattern`. */
  readonly lost: string;
  readonly schema: StructuralSchema;
}

/** What an API server refuses objects by, or stores them by; a row of the table must notice the loss of each. */
const constraints = [
  "type",
  "enum",
  "pattern",
  "format",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minProperties",
  "maxProperties",
  "default",
  "nullable",
  "x-kubernetes-int-or-string",
  "x-kubernetes-preserve-unknown-fields",
];

/** What no object is refused by: prose, structure, and how lists and maps are merged. */
const others = new Set([
  "description",
  "properties",
  "items",
  "additionalProperties",
  "required",
  "anyOf",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
]);

/** Every schema that lacks one constraint of an object, its `spec` or its `status`. Throws for a keyword that is in neither list. */
export function* mutationsOf(schema: StructuralSchema): Generator<Mutation> {
  yield* requiredLosses(schema, "");
  for (const name of ["spec", "status"]) {
    const field = schema.properties?.[name];
    if (field === undefined) continue;
    for (const { lost, schema: mutated } of lossesOf(field, name)) {
      yield { lost, schema: { ...schema, properties: { ...schema.properties, [name]: mutated } } };
    }
  }
}

function* lossesOf(schema: StructuralSchema, field: string): Generator<Mutation> {
  for (const keyword of Object.keys(schema)) {
    if (keyword === "x-kubernetes-validations") yield* ruleLosses(schema, field);
    else if (constraints.includes(keyword))
      yield { lost: `${field} ${keyword}`, schema: { ...schema, [keyword]: undefined } };
    else if (!others.has(keyword)) throw new Error(`${field}: no row of the table is known to need "${keyword}"`);
  }
  yield* requiredLosses(schema, field);
  const { properties = {}, items, additionalProperties } = schema;
  for (const [name, property] of Object.entries(properties)) {
    for (const { lost, schema: mutated } of lossesOf(property, `${field}.${name}`)) {
      yield { lost, schema: { ...schema, properties: { ...properties, [name]: mutated } } };
    }
  }
  if (items !== undefined) {
    for (const { lost, schema: mutated } of lossesOf(items, `${field}[]`)) {
      yield { lost, schema: { ...schema, items: mutated } };
    }
  }
  if (typeof additionalProperties === "object") {
    for (const { lost, schema: mutated } of lossesOf(additionalProperties, `${field}{}`)) {
      yield { lost, schema: { ...schema, additionalProperties: mutated } };
    }
  }
}

function* ruleLosses(schema: StructuralSchema, field: string): Generator<Mutation> {
  const rules = schema["x-kubernetes-validations"] ?? [];
  for (const rule of rules) {
    const others = rules.filter((other) => other !== rule);
    yield { lost: `${field} ${rule.rule}`, schema: { ...schema, "x-kubernetes-validations": others } };
  }
}

/** A required field that has a default is never missed: nothing shows its loss. */
function* requiredLosses(schema: StructuralSchema, field: string): Generator<Mutation> {
  for (const name of schema.required ?? []) {
    if (schema.properties?.[name]?.default !== undefined) continue;
    const required = schema.required?.filter((other) => other !== name);
    yield {
      lost: `${field}.${name} required`.replace(/^\./, ""),
      schema: { ...schema, ...(required && { required }) },
    };
  }
}
