import type { EventRecord, ObjectKey } from "../../cluster/cluster.ts";

/** An event and how often it was recorded. Times are milliseconds since the epoch. */
export interface CountedEvent extends EventRecord {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Events by object; equal ones become one with a count, as Kubernetes' recorder makes them. */
export interface EventLog {
  /** Whether it is a new event (create) or one more of a known one (patch). */
  record(kind: string, key: ObjectKey, event: EventRecord): "create" | "patch";
  /** The object's events, in the order of their last occurrence. */
  of(kind: string, key: ObjectKey): readonly CountedEvent[];
}

/** Kept per object, and objects kept; beyond, the oldest go (Kubernetes drops them after an hour). */
const eventsPerObject = 20;
const objectsKept = 50_000;

export function createEventLog(now: () => number): EventLog {
  const objects = new Map<string, Map<string, CountedEvent>>();
  return {
    record: (kind, key, event) => {
      const object = id(kind, key);
      const events = objects.get(object) ?? new Map<string, CountedEvent>();
      const same = JSON.stringify([event.type, event.reason, event.message]);
      const known = events.get(same);
      const at = now();
      // Taken out first, so that both maps stay in the order of last use.
      events.delete(same);
      events.set(same, { ...event, count: (known?.count ?? 0) + 1, firstAt: known?.firstAt ?? at, lastAt: at });
      objects.delete(object);
      objects.set(object, events);
      dropOldest(events, eventsPerObject);
      dropOldest(objects, objectsKept);
      return known === undefined ? "create" : "patch";
    },
    of: (kind, key) => [...(objects.get(id(kind, key))?.values() ?? [])],
  };
}

function dropOldest(map: Map<string, unknown>, keep: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= keep) return;
    map.delete(oldest);
  }
}

function id(kind: string, key: ObjectKey): string {
  return `${kind}/${key.namespace}/${key.name}`;
}
