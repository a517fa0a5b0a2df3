import type { KubeObject } from "../objects.ts";
import { isRecord, textOf } from "./api-object.ts";
import { eventResource, listPath, withQuery } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** What an event says. */
export interface SaidEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

/** Events of an object, the newest last. Rejects with ClusterError. */
export async function readEvents(
  transport: Transport,
  { kind, metadata: { namespace, name } }: Pick<KubeObject, "kind" | "metadata">,
  signal: AbortSignal,
): Promise<readonly SaidEvent[]> {
  const fieldSelector = `involvedObject.name=${name},involvedObject.kind=${kind}`;
  const path = withQuery(listPath(eventResource, namespace), { fieldSelector });
  const answer = await transport.request({ method: "GET", path, name: `list events of ${kind} ${name}`, signal });
  const items = isRecord(answer) && Array.isArray(answer["items"]) ? answer["items"].filter(isRecord) : [];
  return items
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
    .map(({ type, reason, message }) => ({ type: textOf(type), reason: textOf(reason), message: textOf(message) }));
}

function timeOf({ series, eventTime, lastTimestamp, metadata }: Readonly<Record<string, unknown>>): string {
  const observed = isRecord(series) ? series["lastObservedTime"] : undefined;
  const created = isRecord(metadata) ? metadata["creationTimestamp"] : undefined;
  return [observed, eventTime, lastTimestamp, created].map(textOf).find((time) => time !== "") ?? "";
}
