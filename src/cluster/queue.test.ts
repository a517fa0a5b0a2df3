import { test } from "tap";
import { virtualClock } from "../../test/virtual-clock.ts";
import { ProviderError } from "../api/errors.ts";
import type { ObjectKey } from "./cluster.ts";
import { Delayed } from "./delayed.ts";
import type { Lane } from "./lanes.ts";
import type { Outcome } from "./outcome.ts";
import { Queue, type QueueOptions } from "./queue.ts";

const minute = 60_000;
const failed = (waitsFor: readonly string[] = []): Outcome => ({
  result: "failed",
  error: new ProviderError("Unavailable", "down"),
  waitsFor,
});

function testQueue(options: Partial<QueueOptions> = {}) {
  const clock = virtualClock();
  const queue = new Queue({
    concurrent: 50,
    clock,
    lanes: () => [],
    onReady: () => undefined,
    random: () => 0,
    ...options,
  });
  const takeAll = () => {
    const taken: string[] = [];
    for (let key = queue.take(); key !== undefined; key = queue.take()) taken.push(`${key.namespace}/${key.name}`);
    return taken;
  };
  return { clock, queue, takeAll };
}

const key = (id: string): ObjectKey => {
  const [namespace = "", name = ""] = id.split("/");
  return { namespace, name };
};

test("what is woken together does not go in the same order each time", (t) => {
  const numbers = [0.9, 0, 0, 0.9];
  const { queue, clock, takeAll } = testQueue({ random: () => numbers.shift() ?? 0 });
  const ids = ["a/one", "a/two"];
  for (const id of ids) queue.enqueue(key(id), "due");
  const orders = [1, 2].map(() => {
    takeAll();
    numbers.unshift(0, 0);
    for (const id of ids) queue.finish(key(id), failed(["provider:x"]));
    queue.wake("provider:x");
    const order: string[] = [];
    for (let step = 0; step < 60; step += 1) {
      clock.advance(5);
      order.push(...takeAll());
    }
    for (const id of ids) queue.finish(key(id), { result: "done" });
    for (const id of ids) queue.enqueue(key(id), "due");
    return order;
  });
  t.strictSame(orders, [
    ["a/two", "a/one"],
    ["a/one", "a/two"],
  ]);
  t.end();
});

test("delayed values come out in order, whatever was moved or taken out", (t) => {
  const delayed = new Delayed<number>();
  for (let value = 0; value < 200; value++) delayed.put(value, (value * 7_919) % 211);
  for (let value = 0; value < 200; value += 3) delayed.remove(value);
  for (let value = 1; value < 200; value += 3) delayed.put(value, (value * 104_729) % 197);
  const expected = Array.from({ length: 200 }, (_, value) => value)
    .filter((value) => value % 3 !== 0)
    .map((value) => (value % 3 === 1 ? (value * 104_729) % 197 : (value * 7_919) % 211))
    .toSorted((a, b) => a - b);
  const times: number[] = [];
  for (let at = delayed.nextDueAt; at !== undefined; at = delayed.nextDueAt) {
    t.equal(delayed.take(at - 1), undefined);
    delayed.take(at);
    times.push(at);
  }
  t.strictSame(times, expected);
  t.equal(delayed.size, 0);
  t.end();
});

test("what fails comes back later each time, and at once after a success", (t) => {
  const { clock, queue, takeAll } = testQueue();
  queue.enqueue(key("a/one"), "changed");
  for (const wait of [1_000, 2_000, 4_000, 8_000]) {
    t.strictSame(takeAll(), ["a/one"]);
    queue.finish(key("a/one"), failed());
    clock.advance(wait - 1);
    t.strictSame(takeAll(), [], `not before ${wait} ms`);
    clock.advance(1);
  }
  t.match(queue.items(), [{ failures: 4, error: { code: "Unavailable" } }]);
  takeAll();
  queue.finish(key("a/one"), { result: "done", after: 500 });
  t.match(queue.items(), [{ failures: 0, active: false, dueAt: clock.now() + 500 }]);
  clock.advance(500);
  t.strictSame(takeAll(), ["a/one"]);
  queue.finish(key("a/one"), failed());
  clock.advance(1_000);
  t.strictSame(takeAll(), ["a/one"], "from the first wait again");
  t.end();
});

test("thousands that fail do not slow each other down", (t) => {
  const { clock, queue } = testQueue({ concurrent: 5_000 });
  for (let index = 0; index < 5_000; index++) queue.enqueue(key(`a/${index}`), "due");
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) queue.finish(taken, failed());
  clock.advance(1_000);
  t.equal(queue.stats().due.depth, 5_000);
  t.end();
});

test("a name never runs twice at once: what changes meanwhile runs after", (t) => {
  const { queue, takeAll } = testQueue();
  queue.enqueue(key("a/one"), "due");
  t.strictSame(takeAll(), ["a/one"]);
  queue.enqueue(key("a/one"), "changed");
  queue.enqueue(key("a/one"), "due");
  t.strictSame(takeAll(), []);
  queue.finish(key("a/one"), { result: "done", after: minute });
  t.equal(queue.stats().changed.depth, 1);
  t.strictSame(takeAll(), ["a/one"]);
  queue.finish(key("a/one"), { result: "done" });
  t.strictSame(takeAll(), []);
  t.strictSame(queue.items(), [], "forgotten: nothing is left to do");
  t.throws(() => queue.finish(key("a/one"), { result: "done" }));
  t.end();
});

test("what a user changed goes before what is merely due", (t) => {
  const { queue, takeAll } = testQueue();
  queue.enqueue(key("a/due-1"), "due");
  queue.enqueue(key("a/due-2"), "due");
  queue.enqueue(key("a/changed"), "changed");
  queue.enqueue(key("a/due-2"), "changed");
  queue.enqueue(key("a/changed"), "due");
  t.strictSame(takeAll(), ["a/changed", "a/due-2", "a/due-1"]);
  t.end();
});

test("a change does not wait for the backoff", (t) => {
  const { queue, takeAll } = testQueue();
  queue.enqueue(key("a/one"), "due");
  takeAll();
  queue.finish(key("a/one"), {
    result: "failed",
    error: new ProviderError("RateLimited", "slow", { retryAfter: minute }),
  });
  queue.enqueue(key("a/one"), "changed");
  t.strictSame(takeAll(), ["a/one"]);
  t.end();
});

test("namespaces take turns", (t) => {
  const { queue, takeAll } = testQueue();
  for (const id of ["a/1", "a/2", "a/3", "b/1", "c/1", "c/2"]) queue.enqueue(key(id), "due");
  t.strictSame(takeAll(), ["a/1", "b/1", "c/1", "a/2", "c/2", "a/3"]);
  t.end();
});

test("lanes hold back what would crowd out the rest", (t) => {
  const provider: Lane = { name: "provider:vault", share: 1 / 2 };
  const lanes = ({ name }: ObjectKey): readonly Lane[] =>
    name.startsWith("free") ? [] : [provider, { name: `store:${name.split("-")[0]}`, share: 1 / 4 }];
  const { queue, takeAll } = testQueue({ concurrent: 8, lanes });
  for (let index = 0; index < 10; index++) queue.enqueue(key(`a/x-${index}`), "due");
  for (let index = 0; index < 10; index++) queue.enqueue(key(`a/y-${index}`), "due");
  for (let index = 0; index < 10; index++) queue.enqueue(key(`a/z-${index}`), "due");
  for (let index = 0; index < 3; index++) queue.enqueue(key(`a/free-${index}`), "due");
  const taken = takeAll();
  const count = (prefix: string) => taken.filter((id) => id.startsWith(`a/${prefix}`)).length;
  t.equal(count("x") + count("y") + count("z"), 4, "half of the workers for one provider");
  for (const store of ["x", "y", "z"]) t.ok(count(store) <= 2, `a quarter for store ${store}`);
  t.equal(count("free"), 3, "the others run");

  queue.finish(key(taken.find((id) => id.startsWith("a/x")) ?? ""), { result: "done" });
  t.equal(takeAll().length, 1, "one out, one in");
  t.end();
});

test("a lane has room for one, however few workers there are", (t) => {
  const { queue, takeAll } = testQueue({ concurrent: 1, lanes: () => [{ name: "store:x", share: 1 / 4 }] });
  queue.enqueue(key("a/one"), "due");
  t.strictSame(takeAll(), ["a/one"]);
  t.end();
});

test("no more runs at once than there are workers", (t) => {
  const { queue, takeAll } = testQueue({ concurrent: 3 });
  for (let index = 0; index < 5; index++) queue.enqueue(key(`a/${index}`), "due");
  t.equal(takeAll().length, 3);
  queue.finish(key("a/0"), { result: "done" });
  t.strictSame(takeAll(), ["a/3"]);
  t.end();
});

test("a wake makes due what waits for its topic, paced, and nothing else", (t) => {
  const { clock, queue, takeAll } = testQueue({ concurrent: 1_000 });
  const error = new ProviderError("RateLimited", "slow down", { retryAfter: 10 * minute });
  const ids = Array.from({ length: 300 }, (_, index) => `a/${index}`);
  for (const id of [...ids, "a/other"]) queue.enqueue(key(id), "due");
  takeAll();
  for (const id of ids) queue.finish(key(id), { result: "failed", error, waitsFor: ["store:s", "provider:x"] });
  queue.finish(key("a/other"), { result: "failed", error, waitsFor: ["provider:y"] });

  queue.wake("provider:x");
  const woken = [takeAll().length];
  for (let second = 0; second < 3; second++) {
    clock.advance(999);
    woken.push(takeAll().length);
    clock.advance(1);
    woken.push(takeAll().length);
  }
  // The first of each second falls on its start.
  t.strictSame(woken, [1, 99, 1, 199, 0, 0, 0]);
  queue.wake("store:s");
  t.strictSame(takeAll(), [], "who was woken waits for nothing any more");
  queue.wake("provider:y");
  t.strictSame(takeAll(), ["a/other"]);
  t.end();
});

test("what comes back goes before what is merely due, and after what somebody changed", (t) => {
  const { clock, queue, takeAll } = testQueue({ concurrent: 2 });
  const [early, late] = ["a/early", "a/late"];
  for (const id of [early, late]) queue.enqueue(key(id), "due");
  takeAll();
  queue.finish(key(early), failed(["provider:x"]));
  for (let index = 0; index < 3; index++) queue.enqueue(key(`a/due-${index}`), "due");
  // Its time has come, and it waits behind the others.
  clock.advance(minute);
  queue.finish(key(late), failed(["provider:x"]));
  queue.wake("provider:x");
  clock.advance(100);
  queue.enqueue(key("a/changed"), "changed");
  t.equal(queue.stats().woken.depth, 2);
  const order: string[] = [];
  for (let ids = takeAll(); ids.length > 0; ids = takeAll()) {
    order.push(...ids);
    for (const id of ids) queue.finish(key(id), { result: "done" });
  }
  t.strictSame(order, ["a/changed", early, late, "a/due-0", "a/due-1", "a/due-2"]);
  t.end();
});

test("a wake at once is not paced; what waits without a failure is no failure", (t) => {
  const { queue, takeAll } = testQueue({ concurrent: 1_000 });
  for (let index = 0; index < 300; index++) queue.enqueue(key(`a/${index}`), "due");
  for (const id of takeAll()) queue.finish(key(id), { result: "done", waitsFor: ["first-look:s"] });
  t.equal(queue.items().length, 300);
  t.notOk(queue.items().some((item) => item.failures > 0 || item.dueAt !== undefined));
  queue.wake("first-look:s", "at-once");
  t.equal(takeAll().length, 300);
  t.end();
});

test("a wake that comes while the failure is on its way is not lost", (t) => {
  const { clock, queue, takeAll } = testQueue();
  queue.enqueue(key("a/one"), "due");
  for (let tries = 0; tries < 8; tries++) {
    takeAll();
    queue.finish(key("a/one"), failed(["provider:x"]));
    clock.advance(7 * minute);
  }
  takeAll();
  queue.wake("provider:x");
  queue.finish(key("a/one"), failed(["provider:x"]));
  clock.advance(1_000);
  t.strictSame(takeAll(), ["a/one"], "after the shortest wait, not after minutes");
  t.end();
});

test("what is stuck waits for a change, and shows its error", (t) => {
  const { clock, queue, takeAll } = testQueue();
  queue.enqueue(key("a/one"), "due");
  takeAll();
  queue.finish(key("a/one"), { result: "stuck", error: new ProviderError("Unsupported", "no such field") });
  clock.advance(24 * 60 * minute);
  t.strictSame(takeAll(), []);
  t.strictSame(queue.items()[0]?.dueAt, undefined);
  t.match(queue.items(), [{ failures: 1, error: { code: "Unsupported" } }]);
  queue.enqueue(key("a/one"), "changed");
  t.strictSame(takeAll(), ["a/one"]);
  t.end();
});

test("one timer serves all, and reaches further than Node's longest", (t) => {
  const { clock, queue, takeAll } = testQueue({ concurrent: 1_000 });
  for (let index = 0; index < 500; index++) queue.enqueue(key(`a/${index}`), "due");
  for (const id of takeAll()) queue.finish(key(id), { result: "done", after: 60 * 24 * 60 * minute });
  t.equal(clock.timers(), 1);
  clock.advance(60 * 24 * 60 * minute - 1);
  t.equal(queue.stats().due.depth, 0);
  clock.advance(1);
  t.equal(queue.stats().due.depth, 500);
  queue.close();
  t.equal(clock.timers(), 0);
  t.end();
});

test("depth and age are counted for each class", (t) => {
  const { clock, queue } = testQueue({ concurrent: 1 });
  queue.enqueue(key("a/changed"), "changed");
  clock.advance(3_000);
  queue.enqueue(key("a/changed-2"), "changed");
  queue.enqueue(key("a/due"), "due");
  clock.advance(2_000);
  t.strictSame(queue.stats(), {
    changed: { depth: 2, oldest: 5_000 },
    woken: { depth: 0, oldest: 0 },
    due: { depth: 1, oldest: 2_000 },
    active: 0,
    delayed: 0,
  });
  queue.take();
  t.match(queue.stats(), { changed: { depth: 1, oldest: 2_000 }, active: 1 });
  t.end();
});
