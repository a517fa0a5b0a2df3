import { ClusterError } from "../../src/cluster/cluster.ts";
import { createLocalCluster } from "../../src/local/cluster/local-cluster.ts";
import { fieldPath } from "../../src/local/cluster/problem.ts";
import type { KindSchemas } from "../../src/local/cluster/schemas.ts";
import { manifestKinds, readObject } from "../../src/local/manifests/read-object.ts";
import type { TableKind, Written } from "./row.ts";

/** What local mode makes of a manifest: what it stores, or the fields that it names. */
export interface LocalVerdict {
  readonly stored: Written | undefined;
  readonly fields: readonly string[];
}

/** Loads the manifest and applies it to a cluster in memory; a status is written to an object that is there. */
export async function localVerdictOf(
  schemas: KindSchemas,
  kind: TableKind,
  written: Written & { readonly metadata?: object },
  base: object,
): Promise<LocalVerdict> {
  const cluster = createLocalCluster({ schemas, now: Date.now });
  const known = schemas.get(kind);
  if (known === undefined) throw new Error(`no CRD of ${kind}`);
  const type = { apiVersion: known.kind.apiVersion, kind: known.kind.kind };
  const { status, ...rest } = written;
  const isStatus = "status" in written;
  const manifest = { ...type, metadata: { name: "row" }, ...(isStatus ? { spec: base } : rest) };
  const read = readObject(manifestKinds(schemas), manifest);
  if (read.object === undefined)
    return { stored: undefined, fields: named(read.problems.map(({ pointer }) => pointer)) };
  cluster.apply(read.object);
  const { key } = read.object;
  const stored = cluster.get(known.kind, key);
  if (!isStatus) return { stored: { spec: stored?.spec }, fields: [] };
  try {
    const { resourceVersion } = stored?.metadata ?? { resourceVersion: "" };
    const after = await cluster.updateStatus(known.kind, key, resourceVersion, status, new AbortController().signal);
    return { stored: { status: after.status }, fields: [] };
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== "Invalid") throw error;
    return { stored: undefined, fields: [] };
  }
}

function named(pointers: readonly string[]): readonly string[] {
  return [...new Set(pointers.map(fieldPath))].sort();
}
