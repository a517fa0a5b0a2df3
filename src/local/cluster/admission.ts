import { applyDefaults } from "../../api/defaults.ts";
import type { StructuralSchema } from "../../api/structural.ts";
import { validate } from "../../api/validate.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import type { Kind } from "../../cluster/objects.ts";
import { dataProblems, secretProblems } from "./data-rules.ts";
import type { Content } from "./desired.ts";
import { kindId } from "./kind-id.ts";
import { invalid, type Problem } from "./problem.ts";
import type { KindSchemas } from "./schemas.ts";

/** `content` as it is stored: a copy, with its kind's defaults. Throws Invalid when it breaks the kind's rules. */
export function admitContent(schemas: KindSchemas, kind: Kind, name: string, content: Content): Content {
  if (content.form === "custom") {
    return { form: "custom", spec: admitField(fieldOf(schemas, kind, "spec"), "/spec", kind, name, content.spec) };
  }
  if (content.form === "bare") return content;
  const problems = content.form === "Secret" ? secretProblems(content) : dataProblems(content.data);
  if (problems.length > 0) throw invalid(kind.kind, name, problems);
  return { ...content, data: new Map(Array.from(content.data, ([key, value]) => [key, new Uint8Array(value)])) };
}

/** The same for a status. */
export function admitStatus(schemas: KindSchemas, kind: Kind, name: string, status: unknown): unknown {
  return admitField(fieldOf(schemas, kind, "status"), "/status", kind, name, status);
}

function fieldOf(schemas: KindSchemas, kind: Kind, field: "spec" | "status"): StructuralSchema {
  const known = schemas.get(kindId(kind));
  if (known === undefined) throw new ClusterError("NotFound", `${kind.apiVersion} has no kind ${kind.kind} here`);
  return known.schema.properties?.[field] ?? {};
}

function admitField(schema: StructuralSchema, pointer: string, kind: Kind, name: string, value: unknown): unknown {
  const stored = applyDefaults(schema, value);
  const problems: readonly Problem[] = validate(schema, stored).map((violation) => ({
    pointer: pointer + violation.pointer,
    message: violation.message,
  }));
  if (problems.length > 0) throw invalid(kind.kind, name, problems);
  return stored;
}
