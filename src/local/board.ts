import { clusterProvider } from "../api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import type { Condition } from "../api/kinds/condition.ts";
import { externalSecret } from "../api/kinds/external-secret.ts";
import { provider } from "../api/kinds/provider.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Change, ObjectKey } from "../cluster/cluster.ts";
import type { Kind, KubeObject } from "../cluster/objects.ts";
import type { CountedEvent } from "./cluster/events.ts";
import { kindId } from "./cluster/kind-id.ts";
import type { LocalCluster } from "./cluster/local-cluster.ts";

/** The kinds that are reported after the config kinds, stores first: what fails in a store fails in what reads from it too. */
const reportedKinds: readonly Kind[] = [clusterSecretStore, secretStore, clusterProvider, provider, externalSecret];

/** Where one object stands, from its Ready condition and its events. */
export interface Row {
  /** As `kindId` names it. */
  readonly kind: string;
  readonly key: ObjectKey;
  /** `unknown`: nobody has looked at it yet. */
  readonly state: "ready" | "failed" | "unknown";
  /** The condition's; empty while it is unknown. */
  readonly reason: string;
  readonly message: string;
  /** Message of the last Warning event, where that says more than the condition. */
  readonly detail?: string;
}

/** Rows of a cluster's ExternalSecrets and stores, kept up to date. */
export interface Board {
  /** Looks at what changed since the last call; whether anything did. */
  refresh(): boolean;
  /** All rows, stores first, then by namespace and name. */
  rows(): readonly Row[];
  close(): void;
}

/** A board over a cluster. */
export function createBoard(cluster: LocalCluster): Board {
  const followed = new Set<Kind>(cluster.followedKinds());
  const reported = new Map([...followed, ...reportedKinds].map((kind) => [kindId(kind), kind]));
  const ranks = [...reported.keys()];
  const compare = (a: Row, b: Row) => ranks.indexOf(a.kind) - ranks.indexOf(b.kind) || (rowId(a) < rowId(b) ? -1 : 1);
  const rows = new Map<string, Row>();
  /** Ids in order; sorted again only when one comes or goes. */
  let order: readonly string[] | undefined;
  const changed = new Map<string, { readonly kind: Kind; readonly key: ObjectKey }>();
  const note = (kind: Kind, key: ObjectKey) => changed.set(rowId({ kind: kindId(kind), key }), { kind, key });
  const hear = (change: Change) => {
    const kind = reported.get(change.kind);
    if (kind) note(kind, change.key);
  };
  // An object may fail for another reason while its condition says the same.
  const ends = [cluster.watch(hear), cluster.watchEvents(hear)];
  for (const kind of reported.values()) {
    for (const { metadata } of cluster.list(kind)) note(kind, metadata);
  }
  return {
    refresh: () => {
      const any = changed.size > 0;
      for (const [id, { kind, key }] of changed) {
        const object = cluster.get(kind, key);
        const row = object && rowOf(object, cluster.events(kind, key));
        // A config object is looked at only when an ExternalSecret names it itself.
        const isRow = row !== undefined && (row.state !== "unknown" || !followed.has(kind));
        if (isRow !== rows.has(id)) order = undefined;
        if (isRow) rows.set(id, row);
        else rows.delete(id);
      }
      changed.clear();
      return any;
    },
    rows: () => {
      order ??= [...rows.values()].sort(compare).map(rowId);
      return order.flatMap((id) => rows.get(id) ?? []);
    },
    close: () => ends.forEach((end) => end()),
  };
}

/** Where an object stands. */
export function rowOf(object: KubeObject, events: readonly CountedEvent[]): Row {
  const { metadata } = object;
  const kind = kindId(object);
  const key = { namespace: metadata.namespace, name: metadata.name };
  const ready = conditions(object).find(({ type }) => type === "Ready");
  if (ready === undefined) return { kind, key, state: "unknown", reason: "", message: "" };
  const state = ready.status === "True" ? "ready" : "failed";
  const message = ready.message ?? "";
  const warning = state === "failed" ? events.findLast(({ type }) => type === "Warning")?.message : undefined;
  return {
    kind,
    key,
    state,
    reason: ready.reason ?? "",
    message,
    ...(warning !== undefined && warning !== message && { detail: warning }),
  };
}

/** What tells rows apart. */
export function rowId({ kind, key }: { readonly kind: string; readonly key: ObjectKey }): string {
  return `${kind} ${key.namespace}/${key.name}`;
}

function conditions(object: KubeObject): readonly Condition[] {
  const { status } = object;
  const held = typeof status === "object" && status !== null && "conditions" in status ? status.conditions : undefined;
  return Array.isArray(held) ? held : [];
}
