import { refKeyword, type ReferenceMark } from "./marks.ts";

/**
 * One place in a provider's spec that refers to Kubernetes. `path` is a JSON Pointer (RFC 6901) from the object under
 * `spec.provider.KEY`, with `*` for the items of a list: "/auth/tokenSecretRef".
 */
export interface Reference extends ReferenceMark {
  readonly path: string;
}

/** A reference that is present in a spec: its concrete pointer (indices instead of `*`) and the selector found there. */
export interface FoundReference {
  readonly pointer: string;
  readonly reference: Reference;
  readonly selector: Readonly<Record<string, unknown>>;
  /** What stands beside it under the mark's `audiencesField`. */
  readonly besides?: unknown;
}

/** The references that a provider's schema marks, in the order of the schema. The data that core ships is made with it. */
export function referencesOf(schema: object): readonly Reference[] {
  const found: Reference[] = [];
  visit(schema, "", found);
  return found;
}

/** Which of `references` are present in `spec` (the object under `spec.provider.KEY`). */
export function findReferences(references: readonly Reference[], spec: unknown): readonly FoundReference[] {
  return references.flatMap((reference) =>
    walk({ value: spec, pointer: "" }, reference.path.split("/").slice(1), reference),
  );
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly [refKeyword]?: ReferenceMark;
}

function visit(node: SchemaNode, path: string, found: Reference[]): void {
  const mark = node[refKeyword];
  if (mark !== undefined) {
    found.push({ path, ...mark });
    return;
  }
  for (const [name, child] of Object.entries(node.properties ?? {}))
    visit(child, `${path}/${escapeToken(name)}`, found);
  if (node.items !== undefined) visit(node.items, `${path}/*`, found);
}

interface Place {
  readonly value: unknown;
  readonly pointer: string;
  /** The object that the value is a field of. */
  readonly parent?: Readonly<Record<string, unknown>>;
}

function walk({ value, pointer, parent }: Place, tokens: readonly string[], reference: Reference): FoundReference[] {
  if (typeof value !== "object" || value === null) return [];
  const [token, ...rest] = tokens;
  if (token === undefined) {
    const field = reference.audiencesField;
    const besides = field !== undefined && parent && Object.hasOwn(parent, field) ? parent[field] : undefined;
    const found = { pointer, reference, selector: value as Record<string, unknown> };
    return [besides === undefined ? found : { ...found, besides }];
  }
  if (token === "*") {
    return Array.isArray(value)
      ? value.flatMap((item: unknown, index) => walk({ value: item, pointer: `${pointer}/${index}` }, rest, reference))
      : [];
  }
  const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
  const fields = value as Record<string, unknown>;
  return Object.hasOwn(fields, name)
    ? walk({ value: fields[name], pointer: `${pointer}/${token}`, parent: fields }, rest, reference)
    : [];
}

function escapeToken(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
