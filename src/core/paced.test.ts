import { test } from "tap";
import { virtualClock } from "../../test/virtual-clock.ts";
import { Paced } from "./paced.ts";

test("what happens again and again is told once in a while, its last time included", (t) => {
  const clock = virtualClock();
  const heard: string[] = [];
  const paced = new Paced(100, clock, (id) => heard.push(id));
  for (const id of ["a", "a", "a", "b"]) paced.tell(id);
  t.strictSame(heard, ["a", "b"], "each at once");
  clock.advance(99);
  t.equal(heard.length, 2);
  clock.advance(1);
  t.strictSame(heard, ["a", "b", "a"], "what came meanwhile once");
  paced.tell("a");
  paced.tell("b");
  t.strictSame(heard, ["a", "b", "a", "b"], "at once, unless it was told just now");
  clock.advance(1_000);
  t.strictSame(heard, ["a", "b", "a", "b", "a"], "and then no more");
  t.end();
});

test("nothing that waits is told after the end", (t) => {
  const clock = virtualClock();
  const heard: string[] = [];
  const paced = new Paced(10, clock, (id) => heard.push(id));
  paced.tell("a");
  paced.tell("a");
  paced.close();
  clock.advance(50);
  t.strictSame(heard, ["a"]);
  t.end();
});
