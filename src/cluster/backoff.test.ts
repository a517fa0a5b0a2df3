import { test } from "tap";
import { ProviderError } from "../api/errors.ts";
import { backoff, retryDelay } from "./backoff.ts";
import { wakeDelay } from "./wake-pacing.ts";

const minute = 60_000;
const limited = (retryAfter?: number) =>
  new ProviderError("RateLimited", "slow down", retryAfter === undefined ? {} : { retryAfter });

test("backoff doubles from a second to seven minutes, stretched by up to a quarter", (t) => {
  const table: readonly (readonly [tries: number, random: number, expected: number])[] = [
    [1, 0, 1_000],
    [1, 0.999, 1_249.75],
    [2, 0, 2_000],
    [3, 0.5, 4_500],
    [9, 0, 256_000],
    [10, 0, 336_000],
    [10, 1, 7 * minute],
    [5_000, 1, 7 * minute],
  ];
  for (const [tries, random, expected] of table) t.equal(backoff(tries, random), expected, `${tries} tries, ${random}`);
  t.end();
});

test("a wait that the backend asked for is kept, within bounds", (t) => {
  const table: readonly (readonly [what: string, error: ProviderError | undefined, expected: number])[] = [
    ["as asked", limited(30_000), 30_000],
    ["never sooner than a second", limited(5), 1_000],
    ["never later than a quarter of an hour", limited(24 * 60 * minute), 15 * minute],
    ["rate limited without a time: backoff", limited(), 2_000],
    ["another code's time is ignored", new ProviderError("NoSecret", "none", { retryAfter: 30_000 }), 2_000],
    ["no error at all: backoff", undefined, 2_000],
  ];
  for (const [what, error, expected] of table) t.equal(retryDelay(error, 2, 0), expected, what);
  t.end();
});

test("a wake lets a hundred go in its first second and twice as many in each after", (t) => {
  const delays = Array.from({ length: 10_000 }, (_, index) => wakeDelay(index));
  const bySecond = Map.groupBy(delays, (at) => Math.floor(at / 1_000));
  t.strictSame(Array.from(bySecond.values(), ({ length }) => length).slice(0, 6), [100, 200, 400, 800, 1_600, 3_200]);
  t.equal(wakeDelay(0), 0);
  t.ok(wakeDelay(9_999) < 7_000, "ten thousand within seven seconds");
  t.strictSame(
    delays.toSorted((a, b) => a - b),
    delays,
    "in their order",
  );
  t.end();
});
