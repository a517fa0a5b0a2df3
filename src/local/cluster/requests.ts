/** What a Kubernetes API server would have been asked for: "create Secret", "update ExternalSecret/status" -> how often. */
export type RequestCounts = ReadonlyMap<string, number>;

/** A verb of Kubernetes' API that asks for a write, or "get". */
export type Verb = "create" | "update" | "patch" | "delete" | "get";

/** Counts requests, refused ones and ones that changed nothing included: they cost the server the same. */
export interface RequestCounter {
  count(verb: Verb, resource: string): void;
  /** All but "get". */
  writes(): RequestCounts;
  /** "get" only: what a controller reads past its view. */
  reads(): RequestCounts;
}

export function createRequestCounter(): RequestCounter {
  const counts = new Map<string, number>();
  const some = (wanted: (request: string) => boolean) => new Map([...counts].filter(([request]) => wanted(request)));
  return {
    count: (verb, resource) => {
      const request = `${verb} ${resource}`;
      counts.set(request, (counts.get(request) ?? 0) + 1);
    },
    writes: () => some((request) => !isRead(request)),
    reads: () => some(isRead),
  };
}

function isRead(request: string): boolean {
  return request.startsWith("get ");
}
