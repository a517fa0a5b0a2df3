import { setTimeout as sleep } from "node:timers/promises";
import { test } from "tap";
import { Restarts } from "./restarts.ts";

test("a server that starts again and again is told of once in a while, its last time included", async (t) => {
  const restarts = new Restarts(100);
  t.teardown(() => restarts.close());
  const heard: string[] = [];
  const stop = restarts.listen((serverName) => heard.push(serverName));
  for (const serverName of ["a", "a", "a", "b"]) restarts.tell(serverName);
  t.strictSame(heard, ["a", "b"], "each at once");
  while (heard.length < 3) await sleep(10);
  await sleep(300);
  t.strictSame(heard, ["a", "b", "a"], "what came meanwhile once");
  restarts.tell("b");
  t.strictSame(heard, ["a", "b", "a", "b"], "at once again");
  stop();
  restarts.tell("c");
  t.equal(heard.length, 4);
});

test("nothing is told after the end", async (t) => {
  const restarts = new Restarts(10);
  const heard: string[] = [];
  restarts.listen((serverName) => heard.push(serverName));
  restarts.tell("a");
  restarts.tell("a");
  restarts.close();
  await sleep(50);
  t.strictSame(heard, ["a"]);
});
