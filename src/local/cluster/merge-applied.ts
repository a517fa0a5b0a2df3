import type { ConfigMapContent, Content, DesiredObject, SecretContent } from "./desired.ts";
import type { Entry } from "./entry.ts";

type Strings = Readonly<Record<string, string>>;

/** What `kubectl apply` changes of an existing object. */
export interface Merged {
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly content: Content;
}

/**
 * `kubectl apply`'s three-way merge: what the manifest has is set, what its last version had and it no longer has goes,
 * what others added stays. A spec is the manifest's alone. Finalizers are taken at creation only.
 */
export function mergeApplied(entry: Entry, desired: DesiredObject): Merged {
  const last = entry.applied;
  return {
    labels: mergeRecord(entry.metadata.labels, last?.labels, desired.labels),
    annotations: mergeRecord(entry.metadata.annotations, last?.annotations, desired.annotations),
    content: mergeContent(entry.content, last?.content, desired.content),
  };
}

function mergeRecord(live: Strings, old: Strings | undefined, next: Strings): Strings {
  return Object.fromEntries(merge(Object.entries(live), new Set(Object.keys(old ?? {})), Object.entries(next)));
}

function mergeContent(live: Content, last: Content | undefined, next: Content): Content {
  if (!hasData(live) || !hasData(next)) return next;
  const old = last !== undefined && hasData(last) ? new Set(last.data.keys()) : new Set<string>();
  return { ...next, data: merge(live.data, old, next.data) };
}

function merge<Value>(
  live: Iterable<readonly [string, Value]>,
  old: ReadonlySet<string>,
  next: Iterable<readonly [string, Value]>,
): ReadonlyMap<string, Value> {
  const kept = [...live].filter(([key]) => !old.has(key));
  return new Map([...kept, ...next]);
}

function hasData(content: Content): content is SecretContent | ConfigMapContent {
  return content.form === "Secret" || content.form === "ConfigMap";
}
