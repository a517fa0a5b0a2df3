import { closeSync, openSync, readSync } from "node:fs";
import type { AuditEvent } from "../../test/audit-log.ts";

/** One answered request. */
export interface Asked {
  readonly user: string;
  /** "create secrets", "update externalsecrets/status"... */
  readonly what: string;
  readonly verb: string;
  readonly resource: string;
  /** "NAMESPACE/NAME" of the object, where the request named one. */
  readonly object: string;
  readonly code: number;
  /** When it came and when it was answered, milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** Reads an audit log as it grows, so that whoever waits for requests asks the API server nothing. */
export class AuditTail {
  readonly #file: number;
  #rest = "";

  constructor(path: string) {
    this.#file = openSync(path, "r");
  }

  /** What was answered since the last look. Watches are left out until they end. */
  read(): readonly Asked[] {
    const decoder = new TextDecoder();
    const chunk = Buffer.alloc(1 << 20);
    for (let bytes = 1; bytes > 0;) {
      bytes = readSync(this.#file, chunk);
      this.#rest += decoder.decode(chunk.subarray(0, bytes), { stream: true });
    }
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => {
      const event: AuditEvent = JSON.parse(line);
      return event.stage === "ResponseComplete" ? [askedOf(event)] : [];
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}

function askedOf({ user, verb, objectRef, responseStatus, ...event }: AuditEvent): Asked {
  const { resource = "", subresource, namespace = "", name = "" } = objectRef ?? {};
  return {
    user: user.username,
    what: `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`,
    verb,
    resource,
    object: `${namespace}/${name}`,
    code: responseStatus?.code ?? 0,
    from: Date.parse(event.requestReceivedTimestamp),
    to: Date.parse(event.stageTimestamp),
  };
}

/** Requests that are not about single objects: what keeps the Lease and the view of the cluster. */
export function isUpkeep({ verb, resource }: Asked): boolean {
  return verb === "list" || verb === "watch" || resource === "leases";
}

/** Whether it made an ExternalSecret's status what core found. */
export function isStatusWrite({ what, code }: Asked): boolean {
  return what === "update externalsecrets/status" && code < 300;
}

/** How often each thing was asked, most often first: "create secrets 1000, ...". */
export function countsOf(requests: readonly Asked[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { what, code } of requests) {
    const key = code < 300 ? what : `${what} ${code}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([, a], [, b]) => b - a));
}
