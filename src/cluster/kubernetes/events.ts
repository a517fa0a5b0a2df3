import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError, type EventRecord } from "../cluster.ts";
import { createEventCorrelator, type EventObject, type EventSeries } from "./event-series.ts";
import { listPath, objectPath, type Resource } from "./paths.ts";
import type { Transport } from "./transport.ts";

/** Writes core/v1 Events in its own time; nobody waits for them. */
export interface EventRecorder {
  /** @param component who says so: ESO's recorder of the object's controller */
  record(object: EventObject, component: string, event: EventRecord): void;
  /** Waits until all are written, `patience` milliseconds at most; takes no more. */
  stop(patience: number): Promise<void>;
}

const resource: Resource = { apiVersion: "v1", kind: "Event", namespaced: true, plural: "events" };
/** Requests at once, and series that wait at most: when the API server is away the oldest are given up (client-go's 1,000). */
const bounds = { requests: 8, waiting: 1_000, tries: 12 } as const;
/** Between two tries of one event, milliseconds (client-go's). */
const retryPause = 10_000;

/** A series and what the API has of it. */
interface Sent {
  readonly series: EventSeries;
  readonly component: string;
  readonly name: string;
  exists: boolean;
  tries: number;
}

/** @param now milliseconds since the epoch */
export function createEventRecorder(transport: Transport, now: () => number): EventRecorder {
  const correlator = createEventCorrelator(now);
  const known = new WeakMap<EventSeries, Sent>();
  const waiting = new Set<Sent>();
  const stopped = new AbortController();
  const { signal } = stopped;
  const sending = new Map<Sent, Promise<void>>();
  let made = 0;
  let isOpen = true;

  const send = async (sent: Sent) => {
    try {
      await transport.request(requestOf(sent, signal));
      sent.exists = true;
      sent.tries = 0;
    } catch (error) {
      const reason = error instanceof ClusterError ? error.reason : undefined;
      // Kubernetes forgets events after an hour; an answer that got lost had made one.
      if (reason === "NotFound" && sent.exists) sent.exists = false;
      else if (reason === "AlreadyExists") sent.exists = true;
      else if (reason !== "Unavailable" && reason !== "TooManyRequests") return;
      else await sleep(retryPause, undefined, { signal }).catch(() => undefined);
      if (++sent.tries < bounds.tries && !signal.aborted) waiting.add(sent);
    }
  };
  const pump = () => {
    for (const sent of waiting) {
      if (sending.size >= bounds.requests) return;
      if (sending.has(sent)) continue;
      waiting.delete(sent);
      const request = send(sent).finally(() => {
        sending.delete(sent);
        pump();
      });
      sending.set(sent, request);
    }
  };

  return {
    record: (object, component, event) => {
      const series = isOpen ? correlator.record(object, event) : undefined;
      if (series === undefined) return;
      const sent = known.get(series) ?? {
        series,
        component,
        // As client-go names them: the object and a number that no other event has.
        name: `${object.name}.${(BigInt(now()) * 1_000_000n + BigInt(made++)).toString(16)}`,
        exists: false,
        tries: 0,
      };
      known.set(series, sent);
      waiting.add(sent);
      for (const oldest of waiting) {
        if (waiting.size <= bounds.waiting) break;
        waiting.delete(oldest);
      }
      pump();
    },
    stop: async (patience) => {
      isOpen = false;
      const late = setTimeout(() => stopped.abort(), patience);
      while (sending.size > 0) await Promise.all(sending.values());
      clearTimeout(late);
      stopped.abort();
    },
  };
}

/** One more of an event that the API has changes its count; else the event is made. */
function requestOf(
  { series, component, name, exists }: Sent,
  signal: AbortSignal,
): Parameters<Transport["request"]>[0] {
  const { object, event, firstAt, lastAt, count } = series;
  // Events on what is in no namespace live in this one.
  const namespace = object.namespace || "default";
  const changing = { count, lastTimestamp: timeOf(lastAt), message: event.message };
  if (exists) {
    const path = objectPath(resource, { namespace, name });
    const contentType = "application/merge-patch+json";
    return { method: "PATCH", path, contentType, body: changing, signal, name: "patch Event" };
  }
  const { apiVersion, kind, name: objectName, uid, resourceVersion } = object;
  const body = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace },
    involvedObject: { apiVersion, kind, namespace: object.namespace, name: objectName, uid, resourceVersion },
    type: event.type,
    reason: event.reason,
    source: { component },
    reportingComponent: component,
    reportingInstance: "",
    firstTimestamp: timeOf(firstAt),
    ...changing,
  };
  return { method: "POST", path: listPath(resource, namespace), body, signal, name: "create Event" };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
