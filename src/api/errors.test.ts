import { test } from "tap";
import { deadlineOf, withinDeadline } from "./deadline.ts";
import { ProviderError, errorTable, type Code } from "./errors.ts";
import { abortError, untilAborted } from "./until-aborted.ts";

const codes = Object.keys(errorTable) as Code[];

test("the class is recognised across copies of its module", async (t) => {
  const copy = (await import(`./errors.ts?copy=${codes.length}`)) as typeof import("./errors.ts");
  t.not(copy.ProviderError, ProviderError, "it is another copy");
  const foreign: unknown = new copy.ProviderError("NoSecret", "no such secret");
  t.ok(foreign instanceof ProviderError);
  t.equal(ProviderError.from(foreign), foreign, "and passes a boundary as it is");
  t.notOk(new Error("x") instanceof ProviderError);
  for (const other of [undefined, null, "NoSecret", { code: "NoSecret" }]) t.notOk(other instanceof ProviderError);
});

test("a thrown thing becomes an error of the closed list, without its own text", (t) => {
  const rows: [name: string, thrown: unknown, code: Code][] = [
    ["an abort", new DOMException("secret", "AbortError"), "Cancelled"],
    ["a timeout", new DOMException("secret", "TimeoutError"), "DeadlineExceeded"],
    ["an error", new TypeError("secret"), "Internal"],
    ["a string", "secret", "Internal"],
    ["nothing", undefined, "Internal"],
  ];
  for (const [name, thrown, code] of rows) {
    const error = ProviderError.from(thrown);
    t.equal(error.code, code, name);
    t.notMatch(error.message, /secret/u, `${name}: its text stays in the cause`);
    t.equal(error.cause, thrown, name);
  }
  t.end();
});

test("each code has a gRPC status of its own", (t) => {
  t.equal(new Set(codes.map((code) => errorTable[code].status)).size, codes.length);
  t.end();
});

test("retryAfter and the cause are kept", (t) => {
  const cause = new Error("below");
  const error = new ProviderError("RateLimited", "slow down", { retryAfter: 1500, cause });
  t.match(error, { code: "RateLimited", message: "slow down", retryAfter: 1500, cause, name: "ProviderError" });
  t.equal(new ProviderError("NoSecret", "x").retryAfter, undefined);
  t.end();
});

test("the earlier of two deadlines wins and travels with the signal", async (t) => {
  const never = new AbortController().signal;
  await withinDeadline(never, 1_000, (outer) =>
    withinDeadline(outer, 60_000, async (inner) => t.equal(deadlineOf(inner), deadlineOf(outer))),
  );
  t.equal(deadlineOf(never), undefined);
});

test("a signal that aborts ends the wait for what does not listen", async (t) => {
  const rows: [name: string, reason: unknown, code: Code][] = [
    ["without a reason", undefined, "Cancelled"],
    ["with a foreign reason", new Error("gone"), "Cancelled"],
    ["by time", new DOMException("", "TimeoutError"), "DeadlineExceeded"],
    ["with an error of ours", new ProviderError("Unavailable", "lost"), "Unavailable"],
  ];
  for (const [name, reason, code] of rows) {
    const controller = new AbortController();
    const waiting = untilAborted(Promise.withResolvers<never>().promise, controller.signal);
    controller.abort(reason);
    await t.rejects(waiting, { code }, name);
    await t.rejects(untilAborted(Promise.resolve(1), controller.signal), { code }, `${name}, before the call`);
    t.equal(abortError(controller.signal).code, code, name);
  }
  t.equal(await untilAborted(Promise.resolve(7), new AbortController().signal), 7);
});

test("work within a deadline is told of it, of the end of it and of being given up, and its answer is the work's", async (t) => {
  const parent = new AbortController();
  t.equal(await withinDeadline(parent.signal, 60_000, async (signal) => deadlineOf(signal) !== undefined), true);
  const aborted = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      const stop = () => reject(signal.reason as Error);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop);
    });
  await t.rejects(withinDeadline(parent.signal, 1, aborted), { name: "TimeoutError" });
  const work = withinDeadline(parent.signal, 60_000, aborted);
  parent.abort(new Error("given up"));
  await t.rejects(work, { message: "given up" });
  await t.rejects(withinDeadline(parent.signal, 60_000, aborted), { message: "given up" }, "even before it began");
});
