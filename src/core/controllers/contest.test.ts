import { test } from "tap";
import type { EventRecord } from "../../cluster/cluster.ts";
import type { KubeObject, ManagedFields } from "../../cluster/objects.ts";
import { Registry } from "../../process/metrics.ts";
import { contestOf, createContests } from "./contest.ts";

const now = Date.parse("2026-08-08T12:00:00Z");
const minute = 60_000;

function entry(manager: string, minutesAgo: number, status: object | undefined): ManagedFields {
  const time = new Date(now - minutesAgo * minute).toISOString();
  return { manager, subresource: "status", time, fields: status === undefined ? {} : { "f:status": status } };
}

const refreshTime = { "f:refreshTime": {} };
const conditions = { "f:conditions": { 'k:{"type":"Ready"}': { "f:message": {} } } };
const rest = { "f:conditions": {}, "f:binding": {} };

test("an object is contested when another took its status after us, less than ten minutes ago", (t) => {
  const table: readonly (readonly [what: string, entries: readonly ManagedFields[], until: number | undefined])[] = [
    ["nobody wrote", [], undefined],
    ["only we wrote", [entry("outboard", 1, { ...refreshTime, ...rest })], undefined],
    ["only ESO wrote: it is being taken over", [entry("external-secrets", 1, refreshTime)], undefined],
    ["ESO before us", [entry("external-secrets", 5, conditions), entry("outboard", 1, refreshTime)], undefined],
    ["ESO in the same second", [entry("external-secrets", 1, refreshTime), entry("outboard", 1, rest)], undefined],
    ["ESO after us", [entry("external-secrets", 1, refreshTime), entry("outboard", 5, rest)], now + 9 * minute],
    ["ESO's condition after us", [entry("eso", 2, conditions), entry("outboard", 5, refreshTime)], now + 8 * minute],
    ["long ago", [entry("external-secrets", 11, refreshTime), entry("outboard", 60, rest)], undefined],
    ["spec, not status", [entry("kubectl", 1, undefined), entry("outboard", 5, refreshTime)], undefined],
    [
      "another field of the status",
      [entry("kubectl", 1, { "f:syncedResourceVersion": {} }), entry("outboard", 5, refreshTime)],
      undefined,
    ],
    [
      "two others: the later counts",
      [entry("a", 3, refreshTime), entry("b", 1, conditions), entry("outboard", 5, rest)],
      now + 9 * minute,
    ],
  ];
  for (const [what, managedFields, until] of table) t.equal(contestOf({ managedFields }, now)?.until, until, what);
  t.end();
});

test("a contested object is left alone until the time is over, and its event says who took it", async (t) => {
  const events: EventRecord[] = [];
  const registry = new Registry();
  const contests = createContests({
    cluster: { event: (_kind, _key, event) => events.push(event) },
    registry,
    now: () => now,
  });
  const object = (managedFields: readonly ManagedFields[]): KubeObject => ({
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: {
      name: "app",
      namespace: "team",
      uid: "1",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "",
      labels: {},
      annotations: {},
      finalizers: [],
      ownerReferences: [],
      managedFields,
    },
    spec: {},
  });
  t.equal(contests.leave(object([]), true), undefined);
  const own = entry("outboard", 5, rest);
  const outcome = contests.leave(object([own, entry("external\u001bsecrets", 1, refreshTime)]), true);
  t.strictSame(outcome, { result: "done", after: 9 * minute });
  t.equal(events.length, 1);
  t.match(events[0], { type: "Warning", reason: "AnotherOperator", message: /until 2026-08-08T12:09:00Z/ });
  t.notMatch(events[0]?.message, "\u001b", "a manager's name is foreign text");
  t.match(await registry.metrics(), 'outboard_left_alone_total{kind="ExternalSecret"} 1');
});
