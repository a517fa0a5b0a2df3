import { refKeyword, type ReferenceMark } from "./schema.ts";

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
}

/** The references that a provider's schema marks, in the order of the schema. The data that core ships is made with it. */
export function referencesOf(schema: object): readonly Reference[] {
  const found: Reference[] = [];
  visit(schema, "", found);
  return found;
}

/** Which of `references` are present in `spec` (the object under `spec.provider.KEY`). */
export function findReferences(references: readonly Reference[], spec: unknown): readonly FoundReference[] {
  return references.flatMap((reference) => walk(spec, reference.path.split("/").slice(1), "", reference));
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

function walk(value: unknown, tokens: readonly string[], pointer: string, reference: Reference): FoundReference[] {
  if (typeof value !== "object" || value === null) return [];
  const [token, ...rest] = tokens;
  if (token === undefined) return [{ pointer, reference, selector: value as Record<string, unknown> }];
  if (token === "*") {
    return Array.isArray(value)
      ? value.flatMap((item, index) => walk(item, rest, `${pointer}/${index}`, reference))
      : [];
  }
  const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
  return Object.hasOwn(value, name)
    ? walk((value as Record<string, unknown>)[name], rest, `${pointer}/${token}`, reference)
    : [];
}

function escapeToken(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
