import { isDeepStrictEqual } from "node:util";
import type { ManagedFields } from "../../cluster/objects.ts";
import type { SecretEntry } from "./entry.ts";

/** A write that managers are noted for. */
export interface Write {
  readonly manager: string;
  /** RFC 3339. */
  readonly time: string;
}

/** Field paths of a Secret: the path's FieldsV1 segments as a JSON array -> the value there (`true` for a whole map). */
type Fields = ReadonlyMap<string, unknown>;

type Tree = Map<string, Tree>;

type Described = Pick<SecretEntry, "content" | "metadata">;

/**
 * `metadata.managedFields` of a Secret after a write that is no server-side apply: the writer owns what it added and
 * changed and nobody owns what is gone (https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management).
 */
export function recordWrite(before: Described | undefined, after: Described, write: Write): readonly ManagedFields[] {
  const had = before === undefined ? new Map<string, unknown>() : fieldsOf(before);
  const has = fieldsOf(after);
  const written = [...has].flatMap(([path, value]) =>
    had.has(path) && isDeepStrictEqual(had.get(path), value) ? [] : [path],
  );
  const touched = new Set([...written, ...[...had.keys()].filter((path) => !has.has(path))]);

  const entries = (before?.metadata.managedFields ?? []).map((entry) => {
    const kept = pathsOf(entry.fields).filter((path) => !touched.has(path));
    return { ...entry, paths: entry.manager === write.manager ? [...kept, ...written] : kept };
  });
  if (entries.every((entry) => entry.manager !== write.manager)) {
    entries.push({ manager: write.manager, subresource: "", time: write.time, fields: {}, paths: written });
  }
  return entries
    .filter(({ paths }) => paths.length > 0)
    .map(({ manager, subresource, time, paths }) => ({
      manager,
      subresource,
      time: manager === write.manager ? write.time : time,
      fields: treeOf(paths),
    }));
}

function fieldsOf({ content, metadata }: Described): Fields {
  const fields = new Map<string, unknown>();
  const add = (segments: readonly string[], value: unknown) => fields.set(JSON.stringify(segments), value);
  const addMap = (segments: readonly string[], members: Iterable<readonly [string, unknown]>) => {
    for (const [name, value] of members) {
      add(segments, true);
      add([...segments, name], value);
    }
  };
  addMap(["f:data"], named(content.data));
  addMap(["f:metadata", "f:annotations"], named(Object.entries(metadata.annotations)));
  addMap(
    ["f:metadata", "f:finalizers"],
    metadata.finalizers.map((name) => [`v:${JSON.stringify(name)}`, true]),
  );
  addMap(["f:metadata", "f:labels"], named(Object.entries(metadata.labels)));
  addMap(
    ["f:metadata", "f:ownerReferences"],
    metadata.ownerReferences.map((owner) => [`k:${JSON.stringify({ uid: owner.uid })}`, owner]),
  );
  if (content.immutable) add(["f:immutable"], true);
  add(["f:type"], content.type);
  return fields;
}

function named<Value>(members: Iterable<readonly [string, Value]>): readonly (readonly [string, Value])[] {
  return Array.from(members, ([name, value]) => [`f:${name}`, value] as const);
}

/** FieldsV1: a member per segment, "." where the path itself is owned beside ones below it. */
function treeOf(paths: readonly string[]): Readonly<Record<string, unknown>> {
  const root: Tree = new Map();
  const owned = paths.map((path) => {
    let node = root;
    for (const segment of JSON.parse(path) as readonly string[]) {
      const next: Tree = node.get(segment) ?? new Map<string, Tree>();
      node.set(segment, next);
      node = next;
    }
    return node;
  });
  for (const node of owned) if (node.size > 0) node.set(".", new Map());
  return plain(root);
}

function plain(tree: Tree): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...tree].map(([segment, below]) => [segment, plain(below)]));
}

function pathsOf(fields: Readonly<Record<string, unknown>>, above: readonly string[] = []): readonly string[] {
  return Object.entries(fields).flatMap(([segment, below]) => {
    if (segment === ".") return [JSON.stringify(above)];
    const path = [...above, segment];
    const children = typeof below === "object" && below !== null ? Object.entries(below) : [];
    return children.length === 0 ? [JSON.stringify(path)] : pathsOf(below as Readonly<Record<string, unknown>>, path);
  });
}
