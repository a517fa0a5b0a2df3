import { test } from "tap";
import { formatDuration, parseDuration } from "./duration.ts";

test("durations are read as Go reads them", (t) => {
  const rows: [text: string, milliseconds: number][] = [
    ["0", 0],
    ["+0", 0],
    ["0s", 0],
    ["1h0m0s", 3_600_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    [".5m", 30_000],
    ["1.s", 1_000],
    ["-2ms", -2],
    ["1us", 0.001],
    ["1µs", 0.001],
    ["1μs", 0.001],
    ["1ns", 0.000_001],
    ["720h", 2_592_000_000],
  ];
  for (const [text, milliseconds] of rows) t.equal(parseDuration(text), milliseconds, text);
  t.end();
});

test("what Go would refuse is refused, without quoting it", (t) => {
  for (const text of [
    "",
    "1",
    "h",
    "1d",
    " 1s",
    "1s ",
    "1 s",
    ".s",
    "--1s",
    "1e3s",
    "1h-5m",
    "٣s",
    "hunter2",
    "9999999h",
  ]) {
    t.throws(() => parseDuration(text), { code: "InvalidConfig", message: /^(?!.*hunter2).*duration/u }, text);
  }
  t.end();
});

test("durations are written as Go writes them", (t) => {
  const rows: [milliseconds: number, text: string][] = [
    [0, "0s"],
    [-0, "0s"],
    [0.000_001, "1ns"],
    [0.0015, "1.5µs"],
    [1, "1ms"],
    [250, "250ms"],
    [999.999, "999.999ms"],
    [1_500, "1.5s"],
    [60_000, "1m0s"],
    [90_500, "1m30.5s"],
    [3_600_000, "1h0m0s"],
    [-5_400_000, "-1h30m0s"],
    [2_592_000_000, "720h0m0s"],
  ];
  for (const [milliseconds, text] of rows) {
    t.equal(formatDuration(milliseconds), text, text);
    t.equal(parseDuration(text), milliseconds + 0, `${text} and back`);
  }
  t.end();
});
