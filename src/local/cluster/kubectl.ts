import { ClusterError, type ObjectKey } from "../../cluster/cluster.ts";
import type { Kind } from "../../cluster/objects.ts";
import type { DesiredObject } from "./desired.ts";
import { keyOf, type Entry } from "./entry.ts";
import { kindId } from "./kind-id.ts";
import { mergeApplied } from "./merge-applied.ts";
import type { Objects } from "./objects.ts";
import type { Store } from "./store.ts";

/** What became of an object; "created", "configured" and "unchanged" are kubectl's words. */
export interface Applied {
  readonly kind: Kind;
  readonly key: ObjectKey;
  readonly outcome: "created" | "configured" | "unchanged" | "deleted" | "refused";
  /** Why it was refused. */
  readonly message?: string;
}

/** What users do to a cluster with manifests, as kubectl does it. */
export interface Kubectl {
  /** Creates the object or merges it into the one there, as `kubectl apply`. Throws {@link ClusterError}. */
  apply(desired: DesiredObject): Applied;
  /** Deletes an object; false when there is none. */
  remove(kind: Kind, key: ObjectKey): boolean;
  /**
   * Applies all, and with `prune` (default) deletes what an earlier call applied and is no longer among them. One that is
   * refused does not stop the others.
   */
  replaceAll(desired: readonly DesiredObject[], options?: { readonly prune: boolean }): readonly Applied[];
}

/** kubectl's own field manager. */
const manager = "kubectl-client-side-apply";

export function createKubectl(store: Store, objects: Objects): Kubectl {
  const apply = (desired: DesiredObject): Applied => {
    const { kind, key, labels, annotations, finalizers, content } = desired;
    const entry = store.get(kindId(kind), key);
    if (entry === undefined) {
      objects.create(
        kind,
        key,
        { labels, annotations, finalizers, ownerReferences: [], content, applied: desired },
        manager,
      );
      return { kind, key, outcome: "created" };
    }
    const after = objects.update(entry, { ...mergeApplied(entry, desired), applied: desired }, manager);
    const isSame = after.metadata.resourceVersion === entry.metadata.resourceVersion;
    return { kind, key, outcome: isSame ? "unchanged" : "configured" };
  };
  const tryApply = (desired: DesiredObject): Applied => {
    try {
      return apply(desired);
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      return { kind: desired.kind, key: desired.key, outcome: "refused", message: error.message };
    }
  };
  const remove = (entry: Entry): Applied => {
    objects.delete(entry);
    return { kind: entry.kind, key: keyOf(entry), outcome: "deleted" };
  };
  return {
    apply,
    remove: (kind, key) => {
      const entry = store.get(kindId(kind), key);
      if (entry !== undefined) remove(entry);
      return entry !== undefined;
    },
    replaceAll: (desired, { prune } = { prune: true }) => {
      const applied = desired.map(tryApply);
      const wanted = new Set(desired.map(({ kind, key }) => id(kind, key)));
      const isGone = (entry: Entry) => entry.applied !== undefined && !wanted.has(id(entry.kind, keyOf(entry)));
      const gone = prune ? [...store.all()].filter(isGone) : [];
      return [...applied, ...gone.map(remove)];
    },
  };
}

function id(kind: Kind, key: ObjectKey): string {
  return `${kindId(kind)}/${key.namespace}/${key.name}`;
}
