import type { ObjectKey } from "../cluster.ts";
import type { Kind } from "../objects.ts";

/** Where objects are looked at: everywhere, or in some namespaces, each with a list and a watch of its own. */
export interface Scopes {
  /** What is listed of a kind; undefined stands for all of it. */
  readonly namespaces: (kind: Pick<Kind, "namespaced">) => readonly (string | undefined)[];
  /** The source in a view that tells of the object. */
  readonly sourceOf: (key: ObjectKey) => string;
}

export function scopesOf(namespaces: readonly string[] | undefined): Scopes {
  return {
    namespaces: ({ namespaced }) => (namespaced && namespaces !== undefined ? namespaces : [undefined]),
    sourceOf: ({ namespace }) => (namespaces === undefined ? "" : namespace),
  };
}
