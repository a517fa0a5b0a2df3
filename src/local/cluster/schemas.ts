import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { isObject, type StructuralSchema } from "../../api/structural.ts";
import { providerConfigMark } from "../../api/provider-labels.ts";
import type { FollowedKind } from "../../cluster/followed-kinds.ts";
import type { Kind } from "../../cluster/objects.ts";
import { kindId } from "./kind-id.ts";

/** A custom kind and the structural schema of its whole object (apiVersion, kind, metadata, spec, status). */
export interface KindSchema {
  readonly kind: Kind | FollowedKind;
  readonly schema: StructuralSchema;
}

/** Custom kinds by {@link kindId}: "ExternalSecret" -> ..., "Vault.provider.external-secrets.io" -> ... */
export type KindSchemas = ReadonlyMap<string, KindSchema>;

/**
 * The kinds that the CustomResourceDefinitions in `folder` (*.yaml) serve, in their storage version. Rejects when a file
 * cannot be read or is no CRD: the folder is part of the program, not user input.
 */
export async function loadSchemas(folder: string): Promise<KindSchemas> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const schemas = texts.map((text, index) => schemaOf(parse(text), join(folder, names[index] ?? "")));
  return new Map(schemas.map((schema) => [kindId(schema.kind), schema]));
}

/** Those of the kinds that hold a provider's configuration. */
export function followedKinds(schemas: KindSchemas): ReadonlyMap<string, FollowedKind> {
  return new Map([...schemas].flatMap(([id, { kind }]) => ("servedVersions" in kind ? [[id, kind]] : [])));
}

/** The part of a CRD (apiextensions.k8s.io/v1) that says what objects look like. */
interface Definition {
  readonly kind: "CustomResourceDefinition";
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly Version[];
  };
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources?: { readonly status?: object };
  readonly schema: { readonly openAPIV3Schema: StructuralSchema };
}

function schemaOf(document: unknown, file: string): KindSchema {
  if (!isDefinition(document)) throw new Error(`${file} is not a CustomResourceDefinition`);
  const { group, names, versions } = document.spec;
  const version = versions.find(({ storage }) => storage);
  if (version === undefined) throw new Error(`${file} has no version with \`storage: true\``);
  const type = { apiVersion: `${group}/${version.name}`, kind: names.kind };
  return { kind: { ...type, ...restOf(document, version) }, schema: version.schema.openAPIV3Schema };
}

/** What a kind has beside its name: more when it is followed. */
function restOf({ metadata, spec }: Definition, { subresources }: Version) {
  const { labels = {}, annotations = {} } = metadata;
  if (spec.scope !== "Namespaced" || labels[providerConfigMark] !== "true") {
    return { namespaced: spec.scope === "Namespaced" };
  }
  return {
    namespaced: true as const,
    group: spec.group,
    plural: spec.names.plural,
    servedVersions: spec.versions.filter(({ served }) => served).map(({ name }) => name),
    hasStatus: subresources?.status !== undefined,
    annotations,
  };
}

function isDefinition(document: unknown): document is Definition {
  return isObject(document) && document["kind"] === "CustomResourceDefinition";
}
