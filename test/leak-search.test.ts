import { randomBytes } from "node:crypto";
import { test } from "tap";
import { findLeaks, windowBytes } from "./leak-search.ts";

const value = randomBytes(32);

test("a planted leak is found in every encoding, wherever it stands", async (t) => {
  const piece = value.subarray(9, 9 + 8);
  const planted: Record<string, string | Uint8Array> = {
    raw: Buffer.concat([Buffer.from("before "), piece, Buffer.from(" after")]),
    base64: `"value":"${value.toString("base64")}"`,
    "base64 after one byte": Buffer.concat([Buffer.from("x"), value]).toString("base64"),
    "base64 after two bytes": Buffer.concat([Buffer.from("xx"), value]).toString("base64"),
    base64url: value.toString("base64url"),
    hex: `0x${piece.toString("hex")}`,
    "upper-case hex": piece.toString("hex").toUpperCase(),
    "URL-escaped": encodeURIComponent(piece.toString("latin1")),
    "JSON-escaped": JSON.stringify({ error: `unexpected ${piece.toString("latin1")}` }),
  };
  for (const [name, output] of Object.entries(planted)) t.ok(findLeaks(value, output).length > 0, name);
});

test("nothing is found where nothing is", async (t) => {
  t.strictSame(findLeaks(value, randomBytes(100_000)), []);
  t.strictSame(findLeaks(value, value.subarray(0, windowBytes - 1)), [], "less than a window is no leak");
});

test("a window is found at either end of the output, and of any of several values", async (t) => {
  const window = value.subarray(20, 20 + windowBytes);
  const [before, after] = [
    Buffer.concat([Buffer.from("before "), window]),
    Buffer.concat([window, Buffer.from(" after")]),
  ];
  for (const output of [window, before, after]) {
    t.strictSame(
      findLeaks([randomBytes(32), value], output).filter(({ encoding }) => encoding === "raw"),
      [{ encoding: "raw", offset: 20 }],
    );
  }
});
