import { test } from "tap";
import { InFlight, type InFlightCall } from "./in-flight.ts";

function of(storeUid: string, callerNamespace: string, clusterStore = false): InFlightCall {
  return { peer: "core", storeUid, callerNamespace, clusterStore };
}

const times = (count: number, call: InFlightCall) => Array.from({ length: count }, () => call);

test("one store, or one namespace, never takes what others need", (t) => {
  const a = of("store-a", "ns-a");
  const x = of("cluster", "ns-x", true);
  const y = of("cluster", "ns-y", true);
  const all = [...times(4, a), ...times(4, of("store-b", "ns-b")), ...times(2, of("store-c", "ns-c"))];
  const cases: readonly [what: string, entered: readonly InFlightCall[], next: InFlightCall, full?: string][] = [
    ["a namespaced store, up to its limit", times(3, a), a],
    ["a namespaced store, beyond it", times(4, a), a, "this store"],
    ["another store of the namespace", times(4, a), of("store-d", "ns-a")],
    ["half of all for one namespace", [...times(4, a), of("store-d", "ns-a")], of("store-e", "ns-a"), "this namespace"],
    ["half of a cluster store for one namespace", times(2, x), x, "this store and namespace"],
    ["the other half for others", times(2, x), y],
    ["a cluster store, beyond its limit", [x, x, y, y], of("cluster", "ns-z", true), "this store"],
    ["everything", all, of("store-f", "ns-f"), "this provider"],
  ];
  for (const [what, entered, next, full] of cases) {
    const inFlight = new InFlight({ inFlight: 10, inFlightPerStore: 4 });
    const leaves = entered.map((call) => inFlight.enter(call));
    if (full === undefined) leaves.push(inFlight.enter(next));
    else t.throws(() => inFlight.enter(next), { code: "RateLimited", message: new RegExp(`for ${full}$`) }, what);
    for (const leave of leaves) leave();
    leaves[0]?.();
    t.equal(inFlight.total, 0, `${what}: leaving twice counts once`);
    t.doesNotThrow(() => inFlight.enter(next), what);
  }
  t.end();
});
