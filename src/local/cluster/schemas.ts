import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { isObject, type StructuralSchema } from "../../api/structural.ts";
import type { Kind } from "../../cluster/objects.ts";

/** A custom kind and the structural schema of its whole object (apiVersion, kind, metadata, spec, status). */
export interface KindSchema {
  readonly kind: Kind;
  readonly schema: StructuralSchema;
}

/** Custom kinds by name: "ExternalSecret" -> ... */
export type KindSchemas = ReadonlyMap<string, KindSchema>;

/**
 * The kinds that the CustomResourceDefinitions in `folder` (*.yaml) serve, in their storage version. Rejects when a file
 * cannot be read or is no CRD: the folder is part of the program, not user input.
 */
export async function loadSchemas(folder: string): Promise<KindSchemas> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  const schemas = texts.map((text, index) => schemaOf(parse(text), join(folder, names[index] ?? "")));
  return new Map(schemas.map((schema) => [schema.kind.kind, schema]));
}

/** The part of a CRD (apiextensions.k8s.io/v1) that says what objects look like. */
interface Definition {
  readonly kind: "CustomResourceDefinition";
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced" | "Cluster";
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: StructuralSchema };
    }[];
  };
}

function schemaOf(document: unknown, file: string): KindSchema {
  if (!isDefinition(document)) throw new Error(`${file} is not a CustomResourceDefinition`);
  const { group, scope, names, versions } = document.spec;
  const version = versions.find(({ storage }) => storage);
  if (version === undefined) throw new Error(`${file} has no version with \`storage: true\``);
  return {
    kind: { apiVersion: `${group}/${version.name}`, kind: names.kind, namespaced: scope === "Namespaced" },
    schema: version.schema.openAPIV3Schema,
  };
}

function isDefinition(document: unknown): document is Definition {
  return isObject(document) && document["kind"] === "CustomResourceDefinition";
}
