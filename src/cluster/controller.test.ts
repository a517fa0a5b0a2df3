import { test } from "tap";
import { virtualClock } from "../../test/virtual-clock.ts";
import type { ObjectKey } from "./cluster.ts";
import { startController, type ControllerOptions } from "./controller.ts";

function testController(options: Pick<ControllerOptions, "reconcile"> & Partial<ControllerOptions>) {
  const clock = virtualClock();
  const crashes: unknown[] = [];
  const onCrash = (_: ObjectKey, thrown: unknown) => crashes.push(thrown);
  return {
    clock,
    crashes,
    controller: startController({ concurrent: 2, clock, lanes: () => [], onCrash, ...options }),
  };
}

/** Lets everything that can go on without a timer do so. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

test("a controller runs what is enqueued, and a crash is one name's failure", async (t) => {
  const ran: string[] = [];
  const { clock, controller, crashes } = testController({
    reconcile: async ({ name }) => {
      ran.push(name);
      if (name === "bad") throw new TypeError("fault of ours: hunter2");
      return { result: "done" };
    },
  });
  for (const name of ["bad", "good", "better"]) controller.enqueue({ namespace: "a", name }, "changed");
  await settle();
  t.strictSame(ran, ["bad", "good", "better"]);
  t.equal(crashes.length, 1);
  t.match(controller.items(), [{ key: { name: "bad" }, failures: 1, error: { code: "Internal" } }]);
  t.notMatch(controller.items()[0]?.error?.message, /hunter2/);
  clock.advance(1_250);
  await settle();
  t.strictSame(ran.slice(3), ["bad"], "it is tried again");
  await controller.stop(0);
});

test("stop waits for work in hand, starts no more, and has a bound", async (t) => {
  const ends = new Map<string, () => void>();
  const signals: AbortSignal[] = [];
  const { clock, controller } = testController({
    reconcile: ({ name }, signal) => {
      signals.push(signal);
      return new Promise((resolve) => ends.set(name, () => resolve({ result: "done" })));
    },
  });
  for (const name of ["one", "two", "three"]) controller.enqueue({ namespace: "a", name }, "due");
  await settle();
  t.equal(signals.length, 2);
  let stopped = false;
  const stopping = controller.stop(10_000).then(() => (stopped = true));
  ends.get("one")?.();
  await settle();
  t.equal(stopped, false, "the other one still runs");
  t.equal(signals.length, 2, "nothing new was started");
  clock.advance(10_000);
  await stopping;
  t.equal(signals[1]?.aborted, true, "what did not end in time is aborted");
  t.equal(clock.timers(), 0);
});
