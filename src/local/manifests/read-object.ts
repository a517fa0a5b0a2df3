import { applyDefaults } from "../../api/defaults.ts";
import { isObject } from "../../api/structural.ts";
import { validate } from "../../api/validate.ts";
import type { DesiredObject } from "../cluster/desired.ts";
import { kindId } from "../cluster/kind-id.ts";
import { metadataProblems } from "../cluster/metadata-rules.ts";
import { shown, type Problem } from "../cluster/problem.ts";
import type { KindSchema, KindSchemas } from "../cluster/schemas.ts";
import { readContent } from "./content.ts";
import { coreSchemas, metadataSchema } from "./core-schemas.ts";
import { groupOf } from "../../cluster/objects.ts";

/** An object, or what is wrong with it; pointers are from the object's root. */
export type ReadObject =
  | { readonly object: DesiredObject; readonly problems: readonly [] }
  | { readonly object?: undefined; readonly problems: readonly Problem[] };

/** The kinds that manifests may have, with schemas of whole manifests. Make it once, with {@link manifestKinds}. */
export type ManifestKinds = KindSchemas;

type Fields = Readonly<Record<string, unknown>>;

/** Groups whose kinds are ESO's: known by name, whether or not they are built. */
const esoGroup = /(^|\.)external-secrets\.io\//;

/** Adds core/v1's kinds to the custom ones, and to each schema what it shares with all kinds. */
export function manifestKinds(schemas: KindSchemas): ManifestKinds {
  const shared = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: metadataSchema };
  const whole = ({ kind, schema }: KindSchema): KindSchema => ({
    kind,
    schema: { ...schema, properties: { ...schema.properties, ...shared } },
  });
  return new Map([...coreSchemas, ...schemas.values()].map((known) => [kindId(known.kind), whole(known)]));
}

/**
 * One object of a manifest, checked by its kind's schema and Kubernetes' rules. Defaults count as given while checking,
 * and are not in the result.
 */
export function readObject(kinds: ManifestKinds, value: unknown): ReadObject {
  if (!isObject(value)) return failed("", "must be an object with apiVersion, kind and metadata");
  const known = knownKind(kinds, value);
  if ("problem" in known) return { problems: [known.problem] };
  const { kind, schema } = known;

  const given = withMetadata(value);
  const complete = applyDefaults(schema, given);
  const violations = validate(schema, complete);
  if (violations.length > 0 || !isObject(complete)) return { problems: violations };

  const metadata = fieldsOf(complete["metadata"]);
  const written = {
    name: textOf(metadata["name"]),
    namespace: kind.namespaced ? textOf(metadata["namespace"]) || "default" : "",
    labels: stringsOf(metadata["labels"]),
    annotations: stringsOf(metadata["annotations"]),
  };
  const { content, problems: contentProblems } = readContent(kind, given);
  const problems = [
    ...metadataProblems(kindId(kind), written),
    ...scopeProblems(kind.kind, kind.namespaced, metadata["namespace"]),
    ...contentProblems,
  ];
  if (problems.length > 0) return { problems };
  const { name, namespace, labels, annotations } = written;
  const finalizers = Array.isArray(metadata["finalizers"]) ? metadata["finalizers"].map(textOf) : [];
  return { object: { kind, key: { namespace, name }, labels, annotations, finalizers, content }, problems: [] };
}

function knownKind(kinds: ManifestKinds, value: Fields): KindSchema | { readonly problem: Problem } {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== "string") return { problem: { pointer: "/apiVersion", message: mustBeText(apiVersion) } };
  if (typeof kind !== "string") return { problem: { pointer: "/kind", message: mustBeText(kind) } };
  const id = kindId({ apiVersion, kind });
  const known = kinds.get(id);
  if (known?.kind.apiVersion === apiVersion) return known;
  if (known !== undefined && groupOf(known.kind.apiVersion) === groupOf(apiVersion)) {
    return { problem: { pointer: "/apiVersion", message: `${id} is served as ${known.kind.apiVersion} only` } };
  }
  const name = `${shown(apiVersion)} ${shown(kind)}`;
  const message = esoGroup.test(apiVersion)
    ? `${name} is not built yet`
    : `${name} is not for local mode, which takes ${[...kinds.keys()].sort().join(", ")}`;
  return { problem: { pointer: "/kind", message } };
}

function mustBeText(value: unknown): string {
  return value === undefined ? "is required" : "must be of type string";
}

/** Without any metadata it is the name that is missing. */
function withMetadata(value: Fields): Fields {
  return { ...value, metadata: value["metadata"] ?? {} };
}

function scopeProblems(kind: string, namespaced: boolean, namespace: unknown): readonly Problem[] {
  if (namespaced || namespace === undefined || namespace === "") return [];
  return [{ pointer: "/metadata/namespace", message: `${kind} belongs to no namespace; remove it` }];
}

function failed(pointer: string, message: string): ReadObject {
  return { problems: [{ pointer, message }] };
}

function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : {};
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([key, text]) => [key, textOf(text)]));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
