import type { ObjectMeta } from "../../../cluster/objects.ts";

/** The labels or annotations of an object that a field manager wrote (FieldsV1: `f:metadata`, `f:labels`, `f:KEY`). */
export function managedKeys(metadata: ObjectMeta, manager: string, of: "labels" | "annotations"): ReadonlySet<string> {
  const keys = metadata.managedFields
    .filter((entry) => entry.manager === manager)
    .flatMap(({ fields }) => Object.keys(child(child(fields, "f:metadata"), `f:${of}`)));
  return new Set(keys.filter((key) => key.startsWith("f:")).map((key) => key.slice(2)));
}

/** Looks at nothing but `name`: what is said of the data is as long as the data. */
function child(fields: object, name: string): object {
  const value: unknown = Reflect.get(fields, name);
  return typeof value === "object" && value !== null ? value : {};
}
