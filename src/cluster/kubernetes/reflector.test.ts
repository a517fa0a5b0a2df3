import { test, type Test } from "tap";
import { eventually } from "../../../test/cluster-contract/world.ts";
import { ClusterError } from "../cluster.ts";
import { startReflector } from "./reflector.ts";
import type { ApiRequest, Transport } from "./transport.ts";

const object = (name: string, resourceVersion: string) => ({ metadata: { name, uid: name, resourceVersion } });
const page = (items: readonly object[], resourceVersion: string, next = "") => ({
  metadata: { resourceVersion, continue: next },
  items,
});
const line = (type: string, of: object) => Buffer.from(`${JSON.stringify({ type, object: of })}\n`);
const gone = () => new ClusterError("Gone", "410");

type Answer = object | Error | readonly Uint8Array[];

/** A reflector before an API server that gives these answers, then watches in which nothing happens. */
function reflectorOver(
  t: Test,
  answers: readonly Answer[],
  more: { readonly onWatch?: () => void; readonly missingInterval?: number } = {},
) {
  const { onWatch, missingInterval: interval } = more;
  const kind: string[] = [];
  const asked: string[] = [];
  const told: string[] = [];
  const troubles: (string | undefined)[] = [];
  const waiting = answers.values();
  const next = (request: ApiRequest) => {
    const query = new URL(request.path, "https://x").searchParams;
    const { resourceVersion, continue: token, limit } = Object.fromEntries(query);
    asked.push(query.has("watch") ? `watch ${resourceVersion}` : `list ${limit ?? "all"} ${token ?? ""}`.trim());
    const answer = waiting.next().value;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  async function* stream(answer: Answer | undefined, signal: AbortSignal) {
    yield* Array.isArray(answer) ? answer : [];
    if (answer !== undefined) return;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }
  const transport: Transport = {
    request: async (request) => next(request),
    stream: async (request) => {
      onWatch?.();
      return stream(next(request), request.signal);
    },
    close: async () => undefined,
  };
  const reflector = startReflector({
    transport,
    selection: { name: "objects", path: "/api/v1/objects", form: "whole" },
    stallTimeout: 60_000,
    onTrouble: (error) => troubles.push(error?.message),
    ...(interval !== undefined && {
      missing: { interval, onMissing: (isMissing) => kind.push(isMissing ? "missing" : "there") },
    }),
    sink: {
      begin: () => told.push("begin"),
      add: ({ metadata }) => told.push(`add ${metadata.name}`),
      commit: () => told.push("commit"),
      seen: ({ metadata }) => told.push(`seen ${metadata.name}`),
      gone: ({ metadata }) => told.push(`gone ${metadata.name}`),
    },
  });
  t.teardown(() => reflector.stop());
  const watches = (version: string) => eventually(() => asked.at(-1) === `watch ${version}`, `watched from ${version}`);
  return { reflector, asked, told, troubles, kind, watches };
}

test("pages make one list, from whose version it is watched", async (t) => {
  const { reflector, asked, told, watches } = reflectorOver(t, [
    page([object("a", "1")], "5", "more"),
    page([object("b", "2")], "5"),
    [line("ADDED", object("c", "7")), line("BOOKMARK", { metadata: { resourceVersion: "9" } })],
  ]);
  await reflector.synced;
  await watches("9");
  t.same(asked, ["list 500", "list 500 more", "watch 5", "watch 9"]);
  t.same(told, ["begin", "add a", "add b", "commit", "seen c"]);
});

test("a history that is lost between two pages begins the list again, all at once", async (t) => {
  const { asked, told, watches } = reflectorOver(t, [
    page([object("a", "1")], "5", "more"),
    gone(),
    page([object("b", "8")], "8"),
  ]);
  await watches("8");
  t.same(asked, ["list 500", "list 500 more", "list all", "watch 8"]);
  t.same(told, ["begin", "add a", "begin", "add b", "commit"]);
});

test("a history that is lost is listed again, whether the watch is refused or ends with it", async (t) => {
  const expired = line("ERROR", { kind: "Status", code: 410, message: "too old" });
  for (const lost of [gone(), [line("ADDED", object("c", "7")), expired]]) {
    const { asked, watches } = reflectorOver(t, [page([], "5"), lost, page([], "20")]);
    await watches("20");
    t.same(asked, ["list 500", "watch 5", "list 500", "watch 20"]);
  }
});

test("a watch that fails goes on where it was; one that is refused thrice is listed anew", async (t) => {
  const refusal = () => new ClusterError("Unavailable", "too large a version");
  const cut = () => new ClusterError("Unavailable", "cut", { cause: new Error("ECONNRESET") });
  const first = reflectorOver(t, [page([], "5"), cut(), cut(), cut(), cut()]);
  await eventually(() => first.asked.length === 6, "it watches again each time");
  t.same(
    first.asked.slice(1),
    Array.from({ length: 5 }, () => "watch 5"),
  );
  t.equal(first.troubles[0], "cut");
  const second = reflectorOver(t, [page([], "5"), refusal(), refusal(), refusal(), page([], "3")]);
  await second.watches("3");
  t.same(second.asked, ["list 500", "watch 5", "watch 5", "watch 5", "list 500", "watch 3"]);
});

test("what is no watch is not taken for one", async (t) => {
  const { told, troubles, watches } = reflectorOver(t, [
    page([], "5"),
    [line("ADDED", object("a", "6")), Buffer.from("<html>\n"), line("ADDED", object("b", "7"))],
  ]);
  await watches("6");
  t.same(told, ["begin", "commit", "seen a"]);
  t.same(troubles, ["watch objects: a line of it is no event"]);
});

test("where no watch is allowed, lists come ever more slowly", async (t) => {
  const refused = new ClusterError("Forbidden", "403");
  const watched: number[] = [];
  const { asked, watches } = reflectorOver(t, [page([], "1"), refused, refused, refused, page([], "2"), refused], {
    onWatch: () => watched.push(performance.now()),
  });
  await watches("2");
  await eventually(() => asked.length === 7, "watched again");
  t.strictSame(asked, ["list 500", "watch 1", "watch 1", "watch 1", "list 500", "watch 2", "watch 2"]);
  const [refusedAt = 0, againAt = 0] = watched.slice(-2);
  t.ok(againAt - refusedAt >= 400, "the fourth pause is no first one");
});

test("a kind that is missing has no objects, and is asked for until it is there", async (t) => {
  const missing = () => new ClusterError("NotFound", "404");
  const { reflector, asked, told, troubles, kind, watches } = reflectorOver(
    t,
    [missing(), missing(), page([object("a", "1")], "5")],
    { missingInterval: 10 },
  );
  await reflector.synced;
  t.same(kind, ["missing"], "it counts as listed at once");
  await watches("5");
  t.same(asked, ["list 500", "list 500", "list 500", "watch 5"]);
  t.same(told.slice(-3), ["begin", "add a", "commit"]);
  t.same(kind, ["missing", "there"], "each is told once");
  t.same(troubles, []);
});

test("objects of a kind that goes missing go at the second time that it is", async (t) => {
  const missing = () => new ClusterError("NotFound", "404");
  const there = page([object("a", "1")], "5");
  const gone = new ClusterError("Gone", "410");
  const once = reflectorOver(t, [there, gone, missing(), page([object("a", "1")], "7")], { missingInterval: 10 });
  await once.watches("7");
  t.equal(once.told.filter((what) => what === "commit").length, 2, "no list was empty");
  const twice = reflectorOver(t, [there, gone, missing(), missing(), page([], "9")], { missingInterval: 10 });
  await twice.watches("9");
  t.same(twice.told.slice(-4, -2), ["begin", "commit"], "the one before the last");
});

test("a kind that may not be missing is an error", async (t) => {
  const { troubles, watches } = reflectorOver(t, [new ClusterError("NotFound", "404"), page([], "5")]);
  await watches("5");
  t.equal(troubles[0], "404");
});
