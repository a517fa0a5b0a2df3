import { test } from "tap";
import { createLineSplitter, parseWatchEvent } from "./watch-stream.ts";

test("lines are whole, however their bytes come", async (t) => {
  const text = 'first\n{"second":"é€"}\n\nlast\nnever ended';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const lines: string[] = [];
    const split = createLineSplitter((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) split(bytes.subarray(at, at + size));
    t.same(lines, ["first", '{"second":"é€"}', "", "last"], `in pieces of ${size}`);
  }
});

test("a line without an end is given up", async (t) => {
  const split = createLineSplitter(() => undefined);
  const piece = new Uint8Array(8 * 1024 * 1024).fill(120);
  for (let round = 0; round < 4; round++) split(piece);
  t.throws(() => split(piece), /longer than/);
});

test("events are what the API server says, and nothing else", async (t) => {
  const object = { metadata: { name: "app", uid: "u", resourceVersion: "7" }, spec: {} };
  const table: readonly (readonly [line: string, expected: unknown])[] = [
    [JSON.stringify({ type: "ADDED", object }), { type: "seen", object }],
    [JSON.stringify({ type: "MODIFIED", object }), { type: "seen", object }],
    [JSON.stringify({ type: "DELETED", object }), { type: "gone", object }],
    [
      JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } }),
      { type: "bookmark", resourceVersion: "9" },
    ],
    [
      JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } }),
      { type: "error", code: 410, message: "too old" },
    ],
    [JSON.stringify({ type: "OTHER", object }), undefined],
    [JSON.stringify({ type: "ADDED", object: { metadata: {} } }), undefined],
    [JSON.stringify({ type: "ADDED" }), undefined],
    [JSON.stringify([]), undefined],
    ["<html>", undefined],
  ];
  for (const [line, expected] of table) t.strictSame(parseWatchEvent(line), expected, line);
});
