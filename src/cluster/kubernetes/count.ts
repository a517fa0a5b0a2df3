import { ClusterError } from "../cluster.ts";
import { isRecord } from "./api-object.ts";
import { listPath, withQuery, type Resource } from "./paths.ts";
import type { Transport } from "./transport.ts";

/**
 * How many objects of a kind there are, in all namespaces or in these, without reading them; 0 for a kind that the API
 * server does not have. Rejects with ClusterError.
 */
export async function countObjects(
  transport: Pick<Transport, "request">,
  resource: Resource,
  namespaces: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<number> {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const name = `count ${resource.kind}s`;
  let total = 0;
  for (const namespace of namespaces ?? [undefined]) {
    const path = withQuery(listPath(resource, namespace), { limit: "1" });
    total += await transport.request({ method: "GET", path, accept, name, signal }).then(sizeOf, zeroOfNone);
  }
  return total;
}

/** The API server says how many there are beyond the page that it sent. */
function sizeOf(list: unknown): number {
  const { items, metadata } = isRecord(list) ? list : {};
  const remaining = isRecord(metadata) ? metadata["remainingItemCount"] : undefined;
  return (Array.isArray(items) ? items.length : 0) + (typeof remaining === "number" ? remaining : 0);
}

function zeroOfNone(error: unknown): number {
  if (error instanceof ClusterError && error.reason === "NotFound") return 0;
  throw error;
}
