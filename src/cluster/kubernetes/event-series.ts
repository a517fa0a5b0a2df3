import type { EventRecord } from "../cluster.ts";

/** Who an event is about: core/v1 ObjectReference. Cluster-scoped kinds have no namespace. */
export interface EventObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Equal events of one object, which are one event of the API with a count. Times are milliseconds since the epoch. */
export interface EventSeries {
  readonly object: EventObject;
  readonly event: EventRecord;
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

/** Decides what becomes of events, as Kubernetes' recorder (client-go's EventCorrelator) does. */
export interface EventCorrelator {
  /** The series that the event belongs to, now one longer; undefined: the object has had too many. */
  record(object: EventObject, event: EventRecord): EventSeries | undefined;
}

/** Of an object: events at once, and after how long there is another, milliseconds. */
const spam = { burst: 25, refill: 300_000 } as const;
/** So many different messages of one reason become one, when they come within `window` milliseconds. */
const similar = { most: 10, window: 600_000 } as const;
/** Objects, reasons and series that are remembered; the ones not used for longest go first. */
const remembered = 4_096;

/** @param now milliseconds since the epoch */
export function createEventCorrelator(now: () => number): EventCorrelator {
  const budgets = new Map<string, { tokens: number; at: number }>();
  const reasons = new Map<string, { messages: Set<string>; at: number }>();
  const series = new Map<string, EventSeries>();

  const isSpam = (object: string) => {
    const budget = recall(budgets, object, () => ({ tokens: spam.burst, at: now() }));
    budget.tokens = Math.min(spam.burst, budget.tokens + (now() - budget.at) / spam.refill);
    budget.at = now();
    if (budget.tokens < 1) return true;
    budget.tokens -= 1;
    return false;
  };
  /** The event, or the one that stands for all of its reason once these differ too often. */
  const combined = (reasonId: string, event: EventRecord): EventRecord => {
    const reason = recall(reasons, reasonId, () => ({ messages: new Set<string>(), at: now() }));
    if (now() - reason.at > similar.window) reason.messages.clear();
    reason.at = now();
    if (reason.messages.size < similar.most) reason.messages.add(event.message);
    if (reason.messages.has(event.message)) return event;
    return { ...event, message: `(combined from similar events): ${event.message}` };
  };

  return {
    record: (object, event) => {
      const objectId = JSON.stringify([object.kind, object.namespace, object.name, object.uid]);
      if (isSpam(objectId)) return undefined;
      const reasonId = JSON.stringify([objectId, event.type, event.reason]);
      const shown = combined(reasonId, event);
      // The combined ones are one series, whatever its last message is.
      const id = JSON.stringify([reasonId, shown === event ? event.message : undefined]);
      const at = now();
      const known = series.get(id);
      series.delete(id);
      if (known === undefined)
        return recall(series, id, () => ({ object, event: shown, firstAt: at, lastAt: at, count: 1 }));
      series.set(id, known);
      known.lastAt = at;
      known.count += 1;
      return known;
    },
  };
}

/** The entry, now the one used last; made when there is none. */
function recall<Value>(map: Map<string, Value>, id: string, make: () => Value): Value {
  const value = map.get(id) ?? make();
  map.delete(id);
  map.set(id, value);
  for (const oldest of map.keys()) {
    if (map.size <= remembered) break;
    map.delete(oldest);
  }
  return value;
}
