import { setImmediate as turn } from "node:timers/promises";
import { test } from "tap";
import { Turns } from "./turns.ts";

test("a few calls begin at once, more of them a few in a turn, callers in rotation", async (t) => {
  const turns = new Turns();
  const begun: string[] = [];
  const call = (caller: string, name: string) => turns.next(caller).then(() => begun.push(name));
  const first = ["a1", "a2", "a3", "a4"].map((name) => call("a", name));
  await Promise.all(first);
  t.strictSame(begun, ["a1", "a2", "a3", "a4"], "at once");
  const rest = ["a5", "a6", "a7", "a8", "a9"].map((name) => call("a", name));
  rest.push(call("b", "b1"), call("b", "b2"));
  await Promise.resolve();
  t.equal(begun.length, 4, "no more in this turn");
  await turn();
  t.strictSame(begun.slice(4), ["a5", "b1", "a6", "b2"]);
  await turn();
  t.strictSame(begun.slice(8), ["a7", "a8", "a9"]);
  await Promise.all(rest);
  await turn();
  await turn();
  void call("c", "c1");
  await Promise.resolve();
  await Promise.resolve();
  t.equal(begun.at(-1), "c1", "at once again");
});
