import assert from "node:assert/strict";
import { everyByte, jsonText, largeValue } from "../seed.ts";
import { never, rejectsWith, sameBytes, withClient } from "../expect.ts";
import type { ConformanceCase, OptOut, Subject } from "../subject.ts";

const text = new TextEncoder();

/** Values byte for byte. */
export const valueCases: readonly ConformanceCase[] = [
  value("reads a text value byte for byte", "conformance-text", text.encode("plain text")),
  value(
    "reads text with escapes, NUL and astral characters byte for byte",
    "conformance-unicode",
    text.encode("čšž 日本語 🔑 \u0000 \u001b[31m"),
  ),
  value("reads a value of nearly 1 MiB byte for byte", "conformance-large", largeValue),
  value("reads a value that holds every byte", "conformance-binary", everyByte, "binary"),
  value("reads an empty value", "conformance-empty", new Uint8Array(), "empty"),
  value("does not reformat a JSON value", "conformance-json", text.encode(jsonText), "json-text"),
  {
    name: "a key that does not exist is NoSecret",
    needs: ["get"],
    run: (subject) =>
      withClient(subject, async (client) => {
        await rejectsWith(client.getSecret(subject.ref("conformance-missing"), never()), "NoSecret");
      }),
  },
  ...["__proto__", "constructor", "../../etc/passwd", "a\u0000b", "%2e%2e%2f", "x".repeat(4_096)].map(
    (key): ConformanceCase => ({
      name: `the odd key ${JSON.stringify(key.slice(0, 20))} is refused or not found, and the client works on`,
      needs: ["get"],
      run: (subject) =>
        withClient(subject, async (client) => {
          await rejectsWith(
            client.getSecret({ ...subject.ref("conformance-text"), key }, never()),
            "NoSecret",
            "InvalidConfig",
          );
          sameBytes(
            await client.getSecret(subject.ref("conformance-text"), never()),
            text.encode("plain text"),
            "next",
          );
        }),
    }),
  ),
  property("reads a property of a JSON value", "name", "first"),
  property("reads a nested property", "nested.deep", "value"),
  property("a property whose name has a dot wins over the path", "a.b", "dotted", "dotted-property"),
  property("reads a number", "count", "1234567"),
  property("an object is given as it stands", "nested", '{"deep":"value","list":[1,2,3]}'),
  {
    name: "numbers keep their digits, as a property and in a map",
    needs: ["get", "map"],
    unless: "number-text",
    run: (subject) =>
      withClient(subject, async (client) => {
        const ref = subject.ref("conformance-numbers");
        const big = await client.getSecret({ ...ref, property: "big" }, never());
        assert.equal(Buffer.from(big).toString(), "12345678901234567890");
        const map = await client.getSecretMap(ref, never());
        assert.equal(Buffer.from(map.get("rate") ?? []).toString(), "1.50");
      }),
  },
  {
    // ESO's providers differ here, and deletionPolicy looks at it: each keeps its own.
    name: "a property that does not exist is NoSecret or InvalidConfig",
    needs: ["get"],
    unless: "property",
    run: (subject) =>
      withClient(subject, async (client) => {
        await rejectsWith(client.getSecret(withProperty(subject, "absent"), never()), "NoSecret", "InvalidConfig");
      }),
  },
  {
    name: "the map behind a JSON value has its members, strings without quotes, null empty, everything else as JSON",
    needs: ["map"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const map = await client.getSecretMap(subject.ref("conformance-json"), never());
        const shown = new Map([...map].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]));
        const expected = new Map([
          ["a.b", "dotted"],
          ["count", "1234567"],
          ["name", "first"],
          ["nested", '{"deep":"value","list":[1,2,3]}'],
          ["none", ""],
          ["on", "true"],
        ]);
        assert.deepEqual(shown, expected);
      }),
  },
  {
    name: "the map behind a key that does not exist is NoSecret",
    needs: ["map"],
    run: (subject) =>
      withClient(subject, async (client) => {
        await rejectsWith(client.getSecretMap(subject.ref("conformance-missing"), never()), "NoSecret");
      }),
  },
  {
    name: "the map behind a value that is no JSON object is an error that does not quote the value",
    needs: ["map"],
    run: (subject) =>
      withClient(subject, async (client) => {
        const error = await rejectsWith(client.getSecretMap(subject.ref("conformance-text"), never()), "InvalidConfig");
        assert.ok(!error.message.includes("plain"), `quotes the value: ${error.message}`);
      }),
  },
];

function value(name: string, seeded: string, expected: Uint8Array, unless?: OptOut): ConformanceCase {
  return {
    name,
    needs: ["get"],
    ...(unless && { unless }),
    run: (subject) =>
      withClient(subject, async (client) => {
        sameBytes(await client.getSecret(subject.ref(seeded), never()), expected, seeded);
      }),
  };
}

function property(name: string, path: string, expected: string, unless: OptOut = "property"): ConformanceCase {
  return {
    name,
    needs: ["get"],
    unless,
    run: (subject) =>
      withClient(subject, async (client) => {
        const bytes = await client.getSecret(withProperty(subject, path), never());
        assert.equal(Buffer.from(bytes).toString(), expected);
      }),
  };
}

function withProperty(subject: Subject, path: string) {
  return { ...subject.ref("conformance-json"), property: path };
}
