import type { KindDefinition } from "../../api/kinds/kind-definition.ts";
import { isObject } from "../../api/structural.ts";
import type { KubernetesCluster } from "../../cluster/kubernetes/kubernetes-cluster.ts";
import type { Logger } from "../../process/logs.ts";
import { Gauge, type Registry } from "../../process/metrics.ts";

/** What {@link reportMissingFields} needs. */
export interface MissingFieldsOptions {
  readonly cluster: Pick<KubernetesCluster, "servedSchemas">;
  readonly kinds: readonly KindDefinition[];
  readonly registry: Registry;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * Names the fields that the served CustomResourceDefinitions lack, ESO's or older ones of ours: the API server drops
 * them without a word from what users write. One log line, and the metric `outboard_missing_fields`. A kind that is not
 * served at all is not looked at.
 */
export async function reportMissingFields(options: MissingFieldsOptions): Promise<void> {
  const { cluster, kinds, registry, logger, signal } = options;
  const gauge = new Gauge({
    name: "outboard_missing_fields",
    help: "Fields that the served CustomResourceDefinitions lack, looked for at start; always 1",
    labelNames: ["kind", "field"],
    registers: [registry],
  });
  const found: { readonly kind: string; readonly field: string }[] = [];
  for (const [apiVersion, ofVersion] of Map.groupBy(kinds, (kind) => kind.apiVersion)) {
    try {
      const served = await cluster.servedSchemas(apiVersion, signal);
      const lackOf = ({ kind, spec, status }: KindDefinition) =>
        missingFields({ properties: { spec, status } }, served.get(kind)).map((field) => ({ kind, field }));
      found.push(...ofVersion.flatMap(lackOf));
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : "unexpected";
      logger.warn({ apiVersion, error: why }, "cannot be looked through for missing fields");
    }
  }
  for (const labels of found) gauge.set(labels, 1);
  if (found.length === 0) return;
  const byKind = Map.groupBy(found, ({ kind }) => kind);
  const fields = Object.fromEntries(Array.from(byKind, ([kind, all]) => [kind, all.map(({ field }) => field)]));
  const remedy = "apply the CustomResourceDefinitions of deploy/crds";
  logger.warn({ fields, remedy }, "the API server drops these fields: its kinds lack them");
}

/**
 * The fields of a schema that another lacks, as paths: `spec.data[].remoteRef`. Of a field that is missing whole, the
 * ones in it are not named.
 */
export function missingFields(wanted: unknown, served: unknown, path = ""): readonly string[] {
  if (!isObject(wanted) || !isObject(served)) return [];
  // What is kept whatever its name lacks nothing.
  if (served["x-kubernetes-preserve-unknown-fields"] === true || served["additionalProperties"] !== undefined)
    return [];
  const properties = isObject(wanted["properties"]) ? Object.entries(wanted["properties"]) : [];
  const known = new Map(isObject(served["properties"]) ? Object.entries(served["properties"]) : []);
  return [
    ...properties.flatMap(([name, schema]) => {
      const at = path === "" ? name : `${path}.${name}`;
      return known.has(name) ? missingFields(schema, known.get(name), at) : [at];
    }),
    ...missingFields(wanted["items"], served["items"], `${path}[]`),
  ];
}
