import { test } from "tap";
import { virtualClock } from "../../test/virtual-clock.ts";
import { ClusterError } from "./cluster.ts";
import { campaign, type CampaignNews } from "./leader-election.ts";
import type { HeldLease, LeaseRecord, Leases } from "./lease.ts";
import { leaseStep, observe, released, type LeaseStep, type LeaseTiming } from "./lease-rules.ts";

const timing: LeaseTiming = { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000 };
const key = { namespace: "system", name: "external-secrets-controller" };
const record: LeaseRecord = { holder: "b", durationSeconds: 15, acquiredAt: 1_000, renewedAt: 2_000, transitions: 3 };

test("what to do with a Lease", (t) => {
  const now = 100_000;
  const seen = (over: Partial<LeaseRecord>, since: number) => ({
    lease: { resourceVersion: "7", record: { ...record, ...over } },
    since,
  });
  const own = { holder: "a", durationSeconds: 15, renewedAt: now };
  const table: readonly (readonly [what: string, seen: ReturnType<typeof seen> | undefined, expected: LeaseStep])[] = [
    ["none: it is made", undefined, { step: "create", record: { ...own, acquiredAt: now, transitions: 0 } }],
    [
      "ours: it is renewed, and stays as old as it is",
      seen({ holder: "a" }, now - 60_000),
      { step: "update", record: { ...own, acquiredAt: 1_000, transitions: 3 }, resourceVersion: "7" },
    ],
    ["another's, just seen", seen({}, now), { step: "wait", holder: "b" }],
    ["another's, not changed for almost its duration", seen({}, now - 14_999), { step: "wait", holder: "b" }],
    [
      "another's, not changed for its duration: it is taken",
      seen({}, now - 15_000),
      { step: "update", record: { ...own, acquiredAt: now, transitions: 4 }, resourceVersion: "7" },
    ],
    [
      "another's own, longer duration counts",
      seen({ durationSeconds: 60 }, now - 59_000),
      { step: "wait", holder: "b" },
    ],
    [
      "given back: it is taken at once",
      seen({ holder: "", durationSeconds: 1 }, now),
      { step: "update", record: { ...own, acquiredAt: now, transitions: 4 }, resourceVersion: "7" },
    ],
  ];
  for (const [what, observation, expected] of table) {
    t.strictSame(leaseStep(observation, { identity: "a", timing, now }), expected, what);
  }
  t.strictSame(released(record, 9_000), {
    ...record,
    holder: "",
    durationSeconds: 1,
    acquiredAt: 9_000,
    renewedAt: 9_000,
  });
  t.end();
});

test("a record ages by our own clock, from when it was first seen to say just this", (t) => {
  const first = observe(undefined, { resourceVersion: "1", record }, 10);
  const same = observe(first, { resourceVersion: "2", record: { ...record } }, 20);
  t.strictSame([first.since, same.since, same.lease.resourceVersion], [10, 10, "2"]);
  t.equal(observe(same, { resourceVersion: "3", record: { ...record, renewedAt: 2_001 } }, 30).since, 30);
  t.end();
});

/** Leases of an API that can be out of order, and what was asked of it. */
function testApi() {
  const state = {
    lease: undefined as HeldLease | undefined,
    fail: undefined as ClusterError | undefined,
    requests: [] as string[],
  };
  let version = 0;
  const write = (next: LeaseRecord): HeldLease => {
    version += 1;
    state.lease = { resourceVersion: String(version), record: next };
    return state.lease;
  };
  const request = async (what: string) => {
    state.requests.push(what);
    if (state.fail) throw state.fail;
  };
  const leases: Leases = {
    get: async () => {
      await request("get");
      return state.lease;
    },
    create: async (_key, next) => {
      await request("create");
      if (state.lease) throw new ClusterError("AlreadyExists", "it exists");
      return write(next);
    },
    update: async (_key, next, resourceVersion) => {
      await request("update");
      if (state.lease === undefined) throw new ClusterError("NotFound", "there is none");
      if (state.lease.resourceVersion !== resourceVersion) throw new ClusterError("Conflict", "changed");
      return write(next);
    },
  };
  return { state, leases, write };
}

/** A candidate and what became of it. */
function run(api: ReturnType<typeof testApi>, clock: ReturnType<typeof virtualClock>, identity: string) {
  const stop = new AbortController();
  const news: CampaignNews[] = [];
  const worked = { terms: 0, leading: false, finish: () => {} };
  const done = campaign(
    {
      leases: api.leases,
      key,
      identity,
      timing,
      clock,
      signal: stop.signal,
      onNews: (each) => news.push(each),
      random: () => 0,
    },
    async (lost) => {
      worked.terms += 1;
      worked.leading = true;
      const { promise, resolve } = Promise.withResolvers<void>();
      worked.finish = resolve;
      lost.addEventListener("abort", () => resolve());
      await promise;
      worked.leading = false;
    },
  );
  return { stop, news, worked, done, told: () => news.map(({ what }) => what) };
}

/** Lets pass so much time, in steps that let promises run between. */
async function pass(clock: ReturnType<typeof virtualClock>, milliseconds: number): Promise<void> {
  await turn();
  for (let passed = 0; passed < milliseconds; passed += 500) {
    clock.advance(500);
    await turn();
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("who is first leads, renews with one request, finishes its work and gives the Lease back", async (t) => {
  const clock = virtualClock();
  const api = testApi();
  const a = run(api, clock, "a");
  await pass(clock, 0);
  const b = run(api, clock, "b");
  await pass(clock, 60_000);
  t.strictSame([a.worked.leading, b.worked.terms], [true, 0]);
  t.strictSame(b.news, [{ what: "waiting", holder: "a" }], "told once");

  api.state.requests = [];
  await pass(clock, 20_000);
  t.equal(api.state.requests.filter((what) => what === "update").length, 10, "a renews every 2 s without looking");

  a.stop.abort();
  await pass(clock, 8_000);
  t.equal(a.worked.leading, true, "work in hand goes on");
  t.equal(b.worked.terms, 0, "and is covered by the Lease meanwhile");
  a.worked.finish();
  await a.done;
  t.strictSame(a.told(), ["leading", "released"]);
  await pass(clock, 2_000);
  t.equal(b.worked.leading, true, "the other need not wait for it to run out");
  t.equal(api.state.lease?.record.transitions, 1, "it changed hands once");
  b.stop.abort();
  b.worked.finish();
  await b.done;
  t.equal(clock.timers(), 0, "no timer is left");
});

test("a leader that cannot renew stops before another may begin, and is a candidate again", async (t) => {
  const clock = virtualClock();
  const api = testApi();
  const a = run(api, clock, "a");
  await pass(clock, 4_000);
  api.state.fail = new ClusterError("Unavailable", "down");
  await pass(clock, 9_000);
  t.equal(a.worked.leading, true, "not yet");
  await pass(clock, 1_500);
  t.equal(a.worked.leading, false, "ten seconds after the last renewal");
  t.match(a.told(), /leading,failed.*,lost/);
  api.state.fail = undefined;
  await pass(clock, 2_500);
  t.strictSame([a.worked.leading, a.worked.terms], [true, 2]);
  a.stop.abort();
  a.worked.finish();
  await a.done;
});

test("a leader whose Lease is another's stops at once, and waits for that one", async (t) => {
  const clock = virtualClock();
  const api = testApi();
  const a = run(api, clock, "a");
  await pass(clock, 4_000);
  api.write({ ...record, holder: "eso_1", renewedAt: clock.now() });
  await pass(clock, 2_500);
  t.equal(a.worked.leading, false);
  t.strictSame(a.told(), ["leading", "waiting", "lost"]);
  await pass(clock, 14_000);
  t.equal(a.worked.terms, 1, "held");
  await pass(clock, 4_000);
  t.equal(a.worked.terms, 2, "not renewed any more");
  t.equal(api.state.lease?.record.holder, "a");
  a.stop.abort();
  a.worked.finish();
  await a.done;
});

test("a Lease that somebody deleted is made again, and the term goes on", async (t) => {
  const clock = virtualClock();
  const api = testApi();
  const a = run(api, clock, "a");
  await pass(clock, 4_000);
  api.state.lease = undefined;
  await pass(clock, 20_000);
  t.equal(a.worked.terms, 1);
  t.match(api.state, { lease: { record: { holder: "a" } } });
  a.stop.abort();
  a.worked.finish();
  await a.done;
});

test("a candidate that is told to end never leads, and leaves the other's Lease alone", async (t) => {
  const clock = virtualClock();
  const api = testApi();
  api.write(record);
  const a = run(api, clock, "a");
  await pass(clock, 4_000);
  a.stop.abort();
  await a.done;
  t.equal(a.worked.terms, 0);
  t.strictSame(api.state.lease?.record, record);
  t.equal(clock.timers(), 0);
});
