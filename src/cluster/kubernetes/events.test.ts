import { test } from "tap";
import { eventually } from "../../../test/cluster-contract/world.ts";
import { ClusterError } from "../cluster.ts";
import { createEventCorrelator } from "./event-series.ts";
import { createEventRecorder } from "./events.ts";
import type { ApiRequest, Transport } from "./transport.ts";

const object = { apiVersion: "v1", kind: "Kind", namespace: "team", name: "app", uid: "u", resourceVersion: "1" };
const event = { type: "Warning", reason: "UpdateFailed", message: "no" } as const;

test("equal events are one series, and too many of an object are dropped", async (t) => {
  let now = 1_000;
  const { record } = createEventCorrelator(() => now);
  t.match(record(object, event), { count: 1, firstAt: 1_000 });
  now = 2_000;
  t.match(record(object, event), { count: 2, firstAt: 1_000, lastAt: 2_000 });
  t.match(record({ ...object, name: "other" }, event), { count: 1 }, "another object's is another");
  const taken = Array.from({ length: 100 }, () => record(object, event)).filter((series) => series !== undefined);
  t.equal(taken.length, 23, "25 at once");
  now += 300_000;
  t.ok(record(object, event), "one more after five minutes");
  t.notOk(record(object, event));
});

test("messages that differ every time become one event", async (t) => {
  let now = 1_000;
  const { record } = createEventCorrelator(() => now);
  const series = Array.from({ length: 20 }, (_, index) => record(object, { ...event, message: `no ${index}` }));
  t.equal(new Set(series).size, 11);
  t.match(series.at(-1), { count: 10, event: { message: /^\(combined from similar events\): no 10$/ } });
  now += 600_001;
  t.match(record(object, { ...event, message: "fresh" }), { count: 1, event: { message: "fresh" } });
});

/** A recorder whose requests are answered by `answer`, which throws what the API server refuses with. */
function recorderOver(answer: (request: ApiRequest) => Promise<void> | void) {
  const requests: ApiRequest[] = [];
  const transport: Transport = {
    request: async (request) => {
      requests.push(request);
      await answer(request);
      return {};
    },
    stream: async () => Promise.reject(new Error("none")),
    close: async () => undefined,
  };
  const recorder = createEventRecorder(transport, () => 1_700_000_000_000);
  return { requests, record: (more = {}) => recorder.record(object, "tester", { ...event, ...more }), recorder };
}

test("an event that the API server forgot is made again", async (t) => {
  const { requests, record, recorder } = recorderOver(({ method }) => {
    if (method === "PATCH") throw new ClusterError("NotFound", "gone");
  });
  record();
  await eventually(() => requests.length === 1, "it is made");
  record();
  await recorder.stop(10_000);
  t.same(
    requests.map(({ method }) => method),
    ["POST", "PATCH", "POST"],
  );
  t.match(requests.at(-1)?.body, { count: 2, message: "no", involvedObject: { uid: "u" } });
});

test("what was said meanwhile goes in one request, and never two at once for one event", async (t) => {
  const blocked = Promise.withResolvers<void>();
  const { requests, record, recorder } = recorderOver(() => blocked.promise);
  for (let round = 0; round < 5; round++) record();
  t.equal(requests.length, 1);
  blocked.resolve();
  await recorder.stop(10_000);
  t.same(
    requests.map(({ method, body }) => [method, (body as { readonly count: number }).count]),
    [
      ["POST", 1],
      ["PATCH", 5],
    ],
  );
});

test("an event that is refused is dropped, and nothing is taken after the end", async (t) => {
  const { requests, record, recorder } = recorderOver(() => {
    throw new ClusterError("Forbidden", "the namespace is terminating");
  });
  record();
  await eventually(() => requests.length === 1, "it was tried");
  await recorder.stop(10_000);
  record({ message: "late" });
  t.equal(requests.length, 1);
});

test("the end does not wait for an API server that is away", async (t) => {
  const { requests, record, recorder } = recorderOver(() => {
    throw new ClusterError("Unavailable", "away");
  });
  record();
  await recorder.stop(100);
  t.equal(requests.length, 1);
});
