import { test } from "tap";
import { goJson } from "./go-json.ts";
import { mergeProperty, pushedObject, pushedValue, sameJson, withoutProperty } from "./merge.ts";
import { parseJson, parseJsonBytes } from "./raw-json.ts";
import { extractProperty, jsonMap } from "./value.ts";

const secret = bytes(
  '{"a.b":"dotted","a":{"b":"path","n":1.50,"big":12345678901234567890,"nothing":null},"text":"é\\n","rate":1.50,' +
    '"list":[1, 2],"on":true,"none":null,"__proto__":"kept","":"unnamed"}',
);

test("a property is the member of that name, else a path", async (t) => {
  for (const [property, expected] of [
    ["a.b", "dotted"],
    ["a.n", "1.5"],
    ["a.big", "12345678901234567890"],
    ["a.nothing", ""],
    ["text", "é\n"],
    ["rate", "1.50"],
    ["list", "[1, 2]"],
    ["list.1", "2"],
    ["list.#", "2"],
    ["on", "true"],
    ["none", ""],
    ["__proto__", "kept"],
    ["a", '{"b":"path","n":1.50,"big":12345678901234567890,"nothing":null}'],
    ["a.@keys", '["b","n","big","nothing"]'],
  ] as const) {
    t.equal(text(extractProperty(secret, property, "key")), expected, property);
  }
});

test("a property that is not there is InvalidConfig, which never deletes a Secret, and names the property", async (t) => {
  t.throws(() => extractProperty(secret, "a.missing", "key"), {
    code: "InvalidConfig",
    message: 'cannot find secret data for key: "a.missing"',
  });
});

test("a value that is no JSON object is InvalidConfig that does not quote it", async (t) => {
  for (const value of ["hunter2hunter2", '"hunter2hunter2"', "[1]", '{"a":', '{"hunter2":1}}', "{'a':1}", '{"a":01}']) {
    for (const use of [() => extractProperty(bytes(value), "a", "db"), () => jsonMap(bytes(value), "db")]) {
      t.throws(use, { code: "InvalidConfig", message: /the secret "db" is not a JSON object$/ }, value);
      t.throws(use, { message: /^(?!.*hunter2)/ }, value);
    }
  }
});

test("a map has strings without quotes, null as nothing and all else as its source text", async (t) => {
  const map = new Map([...jsonMap(secret, "key")].map(([key, value]) => [key, text(value)]));
  t.strictSame(
    [...map],
    [
      ["a.b", "dotted"],
      ["a", '{"b":"path","n":1.50,"big":12345678901234567890,"nothing":null}'],
      ["text", "é\n"],
      ["rate", "1.50"],
      ["list", "[1, 2]"],
      ["on", "true"],
      ["none", ""],
      ["__proto__", "kept"],
      ["", "unnamed"],
    ],
  );
});

test("JSON of megabytes and of many members is read, and what is nested too deep is not", async (t) => {
  const long = "x\\n".repeat(1_000_000);
  t.equal(jsonMap(bytes(`{"v":"${long}"}`), "key").get("v")?.length, 2_000_000);
  const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`key${index}`, index]));
  t.equal(jsonMap(bytes(JSON.stringify(wide)), "key").size, 50_000);
  t.equal(parseJson(`${"[".repeat(100_000)}${"]".repeat(100_000)}`), undefined);
  t.not(parseJson(`${"[".repeat(900)}${"]".repeat(900)}`), undefined);
});

test("text is JSON or not as RFC 8259 has it", async (t) => {
  for (const [candidate, valid] of [
    [" [ ] ", true],
    ['"\\ud83d\\ude00"', true],
    ["-0.5e+10", true],
    ["tru", false],
    ["truex", false],
    ["1.", false],
    ['"\\x"', false],
    ['"\u0001"', false],
    ['"open', false],
    ["[1,]", false],
    ['{"a" 1}', false],
    ["", false],
    ["1 2", false],
  ] as const) {
    t.equal(parseJson(candidate) !== undefined, valid, JSON.stringify(candidate));
  }
});

test("a whole secret has the form of Go's json.Marshal", async (t) => {
  const value = parseJsonBytes(
    bytes('{ "b":"<a href=\\"x\\">&\u2028", "a":[1.50, {"z":1,"y":null}], "ü":1, "Z":2, "a":3 }'),
  );
  t.equal(value && goJson(value), '{"Z":2,"a":3,"b":"\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028","ü":1}');
  t.equal(goJson(parseJson('"\\u0008\\u000c\\u0001\\u007f"') ?? fail()), '"\\b\\f\\u0001\u007f"');
});

test("a push takes one key, or the whole Secret as a JSON object", async (t) => {
  const source = {
    data: new Map([
      ["b", bytes("<2>")],
      ["a", bytes("1")],
    ]),
    type: "Opaque",
    labels: {},
    annotations: {},
  };
  const data = { remoteKey: "r", property: "" };
  t.equal(text(pushedValue(source, { ...data, secretKey: "b" })), "<2>");
  t.equal(text(pushedValue(source, { ...data, secretKey: "" })), '{"a":"1","b":"<2>"}');
  t.throws(() => pushedValue(source, { ...data, secretKey: "c" }), { code: "InvalidConfig", message: /with key: c$/ });
  const binary = { ...source, data: new Map([["k", Uint8Array.of(0xff, 0xfe)]]) };
  t.strictSame(pushedValue(binary, { ...data, secretKey: "k" }), Uint8Array.of(0xff, 0xfe));
  t.throws(() => pushedValue(binary, { ...data, secretKey: "" }), { code: "InvalidConfig", message: /not UTF-8/ });
});

test("merging a property keeps the other members as they stand", async (t) => {
  const object = pushedObject(bytes('{"big":12345678901234567890,"p":"old"}'));
  const merged = mergeProperty(object, "p", bytes('new "value"'));
  t.equal(merged.raw, '{"big":12345678901234567890,"p":"new \\"value\\""}');
  t.equal(mergeProperty(undefined, "p", bytes("v")).raw, '{"p":"v"}');
  t.equal(withoutProperty(object, "p").raw, '{"big":12345678901234567890}');
  t.throws(() => mergeProperty(object, "p", Uint8Array.of(0xff)), { code: "InvalidConfig" });
  t.ok(sameJson(pushedObject(bytes('{"a":1,"b":2}')), pushedObject(bytes('{ "b": 2, "a": 1 }'))));
  t.notOk(sameJson(pushedObject(bytes('{"a":"1"}')), pushedObject(bytes('{"a":1}'))));
  t.notOk(sameJson(undefined, pushedObject(bytes("{}"))));
});

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function text(value: Uint8Array): string {
  return new TextDecoder().decode(value);
}

function fail(): never {
  throw new Error("the test's text is no JSON");
}
