import { appendToken, isObject } from "../../api/structural.ts";
import type { DesiredObject } from "../cluster/desired.ts";
import { kindId } from "../cluster/kind-id.ts";
import { fieldPath, type Problem } from "../cluster/problem.ts";
import type { KindSchemas } from "../cluster/schemas.ts";
import { readDocuments, type ManifestDocument, type Position } from "./documents.ts";
import type { ManifestError } from "./errors.ts";
import { readFiles, type ManifestFile } from "./files.ts";
import { manifestKinds, readObject, type ManifestKinds } from "./read-object.ts";

/** An object and where its manifest begins. */
export interface LoadedObject extends DesiredObject {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What {@link loadManifests} found. */
export interface LoadedManifests {
  readonly objects: readonly LoadedObject[];
  readonly errors: readonly ManifestError[];
}

/**
 * The objects of YAML and JSON files, and of folders' *.yaml, *.yml and *.json: documents and items of `kind: List`, in
 * their order. What is wrong with one does not stop the others: all good objects come with all errors. Never rejects.
 */
export async function loadManifests(paths: readonly string[], schemas: KindSchemas): Promise<LoadedManifests> {
  const kinds = manifestKinds(schemas);
  const errors: ManifestError[] = [];
  const objects = new Map<string, LoadedObject>();
  for (const file of await readFiles(paths)) {
    for (const found of readFile(kinds, file)) {
      const error = "message" in found ? found : addOnce(objects, found);
      if (error !== undefined) errors.push(error);
    }
  }
  return { objects: [...objects.values()], errors };
}

/** A good object, with the place of its name for an error that concerns that. */
interface Located {
  readonly object: LoadedObject;
  readonly name: Position & { readonly field: string };
}

function* readFile(kinds: ManifestKinds, file: ManifestFile): Generator<ManifestError | Located> {
  if ("error" in file) yield file.error;
  else for (const document of readDocuments(file.text)) yield* readDocument(kinds, file.file, document);
}

function* readDocument(
  kinds: ManifestKinds,
  file: string,
  document: ManifestDocument,
): Generator<ManifestError | Located> {
  const errorAt = ({ pointer, message }: Problem, position = document.locate(pointer)): ManifestError => ({
    file,
    line: position.line,
    column: position.column,
    field: fieldPath(pointer),
    message,
  });
  for (const fault of document.faults) yield errorAt(fault, fault);
  for (const { pointer, value, problem } of listed(document.value)) {
    const read =
      problem === undefined
        ? readObject(kinds, value)
        : { object: undefined, problems: [{ pointer: "", message: problem }] };
    for (const found of read.problems) yield errorAt({ pointer: pointer + found.pointer, message: found.message });
    if (read.object === undefined) continue;
    const name = `${pointer}/metadata/name`;
    const object = { ...read.object, file, line: document.locate(pointer).line };
    yield { object, name: { ...document.locate(name), field: fieldPath(name) } };
  }
}

interface Item {
  readonly pointer: string;
  readonly value?: unknown;
  readonly problem?: string;
}

/** The objects of a document: none of an empty one, a List's items. */
function listed(value: unknown): readonly Item[] {
  if (value === null || value === undefined) return [];
  if (!isObject(value) || value["kind"] !== "List" || value["apiVersion"] !== "v1") return [{ pointer: "", value }];
  const { items } = value;
  if (!Array.isArray(items)) return [{ pointer: "/items", problem: "must be a list of objects" }];
  return items.map((item: unknown, index) => ({ pointer: appendToken("/items", index), value: item }));
}

/** Keeps the object unless one of its kind and name is there; then an error that names both places. */
function addOnce(objects: Map<string, LoadedObject>, { object, name }: Located): ManifestError | undefined {
  const { kind, key, file } = object;
  const place = key.namespace === "" ? key.name : `${key.namespace}/${key.name}`;
  const first = objects.get(`${kindId(kind)}/${place}`);
  if (first !== undefined)
    return { file, ...name, message: `${kind.kind} ${place} is at ${first.file}:${first.line} already` };
  objects.set(`${kindId(kind)}/${place}`, object);
  return undefined;
}
