import { ClusterError } from "../cluster.ts";
import { isRecord } from "./api-object.ts";
import type { Transport } from "./transport.ts";

/** See {@link KubernetesCluster}'s `servedSchemas`; OpenAPI v3, whose schemas say by an extension which kind they are. */
export async function servedSchemas(
  transport: Pick<Transport, "request">,
  apiVersion: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const path = `/openapi/v3/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
  const answer = await transport.request({ method: "GET", path, name: `schemas of ${apiVersion}`, signal }).catch(none);
  const components = isRecord(answer) ? answer["components"] : undefined;
  const schemas = isRecord(components) && isRecord(components["schemas"]) ? components["schemas"] : {};
  return new Map(Object.values(schemas).flatMap((schema) => kindsOf(schema).map((kind) => [kind, schema] as const)));
}

function kindsOf(schema: unknown): readonly string[] {
  const kinds: unknown = isRecord(schema) ? schema["x-kubernetes-group-version-kind"] : undefined;
  return Array.isArray(kinds)
    ? kinds.filter(isRecord).flatMap(({ kind }) => (typeof kind === "string" ? kind : []))
    : [];
}

function none(error: unknown): undefined {
  if (error instanceof ClusterError && error.reason === "NotFound") return undefined;
  throw error;
}
