import { ClusterError } from "../cluster.ts";
import { isApiObject, isRecord, textOf, type ApiObject } from "./api-object.ts";
import { withQuery } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Which objects are listed and watched, and in which form. */
export interface Selection {
  /** What messages call it: "Secrets of team-a". */
  readonly name: string;
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Whole objects, or PartialObjectMetadata: no spec, status or data. */
  readonly form: "whole" | "metadata";
}

/** Where the pages go. */
export interface ListSink {
  /** A list begins; what an earlier one gave is void. */
  begin(): void;
  add(object: ApiObject): void;
}

const pageSize = 500;
const deadline = 60_000;

/** Lists all objects in pages, one resourceVersion for all, which it returns. */
export async function listAll(
  transport: Transport,
  selection: Selection,
  sink: ListSink,
  signal: AbortSignal,
): Promise<string> {
  const { labelSelector, fieldSelector, name } = selection;
  const accept = acceptOf(selection, "PartialObjectMetadataList");
  let limit: string | undefined = String(pageSize);
  let token: string | undefined;
  sink.begin();
  for (;;) {
    const path: string = withQuery(selection.path, { labelSelector, fieldSelector, limit, continue: token });
    let page: Page;
    try {
      page = pageOf(await transport.request({ method: "GET", path, accept, signal, name: `list ${name}`, deadline }));
    } catch (error) {
      if (token === undefined || !(error instanceof ClusterError) || error.reason !== "Gone") throw error;
      // The snapshot was compacted away between two pages: all at once, which cannot expire.
      [limit, token] = [undefined, undefined];
      sink.begin();
      continue;
    }
    for (const item of page.items) if (isApiObject(item)) sink.add(item);
    if (page.next === "") return page.resourceVersion;
    token = page.next;
  }
}

/** The Accept header for that form; a list's or a watch's, by the name of the metadata's kind. */
export function acceptOf({ form }: Selection, kind: "PartialObjectMetadataList" | "PartialObjectMetadata"): string {
  return form === "whole" ? "application/json" : `application/json;as=${kind};g=meta.k8s.io;v=v1`;
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly next: string;
}

function pageOf(answer: unknown): Page {
  const metadata = isRecord(answer) && isRecord(answer["metadata"]) ? answer["metadata"] : {};
  // No objects: Go's nil list is null.
  const items: readonly unknown[] = isRecord(answer) && Array.isArray(answer["items"]) ? answer["items"] : [];
  return {
    items,
    resourceVersion: textOf(metadata["resourceVersion"]),
    next: textOf(metadata["continue"]),
  };
}
