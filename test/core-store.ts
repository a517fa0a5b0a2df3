import type { Store } from "../src/api/provider.ts";
import type { Reference } from "../src/api/references.ts";
import { referenceTable, type ReferenceTable } from "../src/core/credentials/store-references.ts";
import type { CoreStore } from "../src/core/store.ts";

/** A store as core works with it: its spec inline, its provider to be discovered, unless `more` says otherwise. */
export function coreStore(store: Store, more: Partial<CoreStore> = {}): CoreStore {
  const { kind, namespace, name } = store;
  return { ...store, ref: { kind, namespace, name }, route: { by: "discovery" }, callerNamespace: namespace, ...more };
}

/** The paths of references by inline key, where no config kinds are. */
export function inlineReferences(table: ReadonlyMap<string, readonly Reference[]>): ReferenceTable {
  return referenceTable(table, { followedKind: () => undefined });
}
