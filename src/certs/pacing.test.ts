import { test } from "tap";
import { virtualClock } from "../../test/virtual-clock.ts";
import type { LabelledService } from "./cluster.ts";
import { Changes } from "./changes.ts";
import { watchClock } from "./clock-watch.ts";
import { IssueLimits } from "./limits.ts";
import { Propagation } from "./propagation.ts";
import { Warnings } from "./warnings.ts";

const second = 1_000;

test("twenty certificates a second are made, in the order in which they were asked for", async (t) => {
  const clock = virtualClock();
  const limits = new IssueLimits({ clock, monotonic: clock.now });
  const made: number[] = [];
  for (let index = 0; index < 50; index += 1) void limits.turn().then(() => made.push(index));
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  await settle();
  t.strictSame(made, [0]);
  clock.advance(second);
  await settle();
  t.strictSame(made, [...Array(21).keys()]);
  clock.advance(10 * second);
  await settle();
  t.equal(made.length, 50);
});

test("a tenant has a burst of ten writes, then one a second; another has its own", (t) => {
  const clock = virtualClock();
  const limits = new IssueLimits({ clock, monotonic: clock.now });
  for (let index = 0; index < 10; index += 1) t.equal(limits.takeForTenant("a"), 0);
  t.equal(limits.takeForTenant("a"), second);
  t.equal(limits.takeForTenant("a"), second, "asking costs nothing");
  t.equal(limits.takeForTenant("b"), 0);
  clock.advance(second);
  t.equal(limits.takeForTenant("a"), 0);
  t.equal(limits.takeForTenant("a"), second);
  clock.advance(100 * second);
  for (let index = 0; index < 10; index += 1) t.equal(limits.takeForTenant("a"), 0);
  t.equal(limits.takeForTenant("a"), second, "a long rest makes no longer burst");
  t.end();
});

test("changes are gathered for a second from the first on, each name once", (t) => {
  const clock = virtualClock();
  const flushed: string[] = [];
  const changes = new Changes(clock, ({ name }) => flushed.push(name));
  changes.add({ namespace: "a", name: "x" });
  clock.advance(900);
  changes.add({ namespace: "a", name: "y" });
  changes.add({ namespace: "a", name: "x" });
  t.strictSame(flushed, []);
  clock.advance(100);
  t.strictSame(flushed, ["x", "y"]);
  changes.add({ namespace: "a", name: "x" });
  changes.stop();
  clock.advance(second);
  t.equal(flushed.length, 2);
  t.end();
});

test("a Service is warned once in ten minutes", (t) => {
  const clock = virtualClock();
  const events: string[] = [];
  const warnings = new Warnings({ event: ({ name }, { reason }) => events.push(`${name} ${reason}`) }, clock.now);
  const service = (name: string): LabelledService => {
    return { namespace: "a", name, uid: name, creationTimestamp: "", deleting: false };
  };
  for (let index = 0; index < 3; index += 1) warnings.warn(service("x"), "One", "");
  warnings.warn(service("y"), "One", "");
  t.strictSame(events, ["x One", "y One"]);
  clock.advance(10 * 60 * second);
  warnings.warn(service("x"), "Two", "");
  t.strictSame(events, ["x One", "y One", "x Two"]);
  t.end();
});

test("a jump of the time of day is noticed, time that passes and a clock that drifts are not", (t) => {
  const clock = virtualClock();
  let offset = 0;
  const jumps: number[] = [];
  const wall = { ...clock, now: () => clock.now() + offset };
  const end = watchClock(wall, clock.now, (milliseconds) => jumps.push(milliseconds));
  clock.advance(60 * second);
  for (let index = 0; index < 10; index += 1) {
    offset += 500;
    clock.advance(3 * second);
  }
  t.strictSame(jumps, []);
  offset += 3_600_000;
  clock.advance(3 * second);
  offset -= 3_600_000;
  clock.advance(9 * second);
  t.strictSame(jumps, [3_600_000, -3_600_000]);
  end();
  t.equal(clock.timers(), 0);
  t.end();
});

test("an overlap waits for what is behind, not for what never had anything", (t) => {
  const propagation = new Propagation();
  const reach = (revision: string) => propagation.reach(["a", "b", "c"], revision);
  t.equal(reach("1").lagging, 3, "nothing was looked at");
  propagation.created("a", "1", 10);
  propagation.saw("b", "1", 20);
  propagation.failed("c");
  t.strictSame(reach("1"), { lagging: 0, movedAt: 20 }, "what was just made was nothing else before");
  t.equal(reach("2").lagging, 2);
  propagation.saw("a", "2", 30);
  propagation.failed("b");
  t.strictSame(reach("2"), { lagging: 1, movedAt: 30 }, "one that had the last and fails has it still");
  propagation.saw("b", "2", 40);
  propagation.saw("b", "2", 50);
  t.strictSame(reach("2"), { lagging: 0, movedAt: 40 });
  propagation.created("b", "3", 60);
  t.strictSame(
    propagation.reach(["b"], "3"),
    { lagging: 0, movedAt: 60 },
    "made again: somebody may still have the old",
  );
  propagation.forget("a");
  t.equal(reach("3").lagging, 1);
  t.end();
});
