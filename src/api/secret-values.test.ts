import { test } from "tap";
import { convertKeys, validateKeys, type ConversionStrategy } from "./convert-keys.ts";
import { decode, decodeMap, type DecodingStrategy } from "./decode.ts";
import { checkNullBytes } from "./null-bytes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const map = (...keys: string[]) => new Map(keys.map((key, index) => [key, Uint8Array.of(index)]));
const invalid = (message: string) => ({ code: "InvalidConfig", message });

test("a value is decoded by its strategy", (t) => {
  const rows: [strategy: DecodingStrategy | undefined, value: string, expected: string | undefined][] = [
    [undefined, "aGk=", "aGk="],
    ["", "aGk=", "aGk="],
    ["None", "aGk=", "aGk="],
    ["Base64", "aGk=", "hi"],
    ["Base64", "aG\r\nk=\n", "hi"],
    ["Base64", "", ""],
    ["Base64", "Pz8/Pj4+", "???>>>"],
    ["Base64", "aGk", undefined],
    ["Base64", "aGk==", undefined],
    ["Base64", "aG k=", undefined],
    ["Base64", "=aGk", undefined],
    ["Base64", "Pz8_Pj4-", undefined],
    ["Base64URL", "Pz8_Pj4-", "???>>>"],
    ["Base64URL", "Pz8/Pj4+", undefined],
    ["Base64URL", "aGk", undefined],
    ["Auto", "Pz8/Pj4+", "???>>>"],
    ["Auto", "Pz8_Pj4-", "???>>>"],
    ["Auto", "not encoded", "not encoded"],
  ];
  for (const [strategy, value, expected] of rows) {
    const name = `${String(strategy)} of ${JSON.stringify(value)}`;
    if (expected === undefined) t.throws(() => decode(strategy, bytes(value)), invalid("illegal base64 data"), name);
    else t.strictSame(decode(strategy, bytes(value)), bytes(expected), name);
  }
  const binary = Uint8Array.of(0, 255, 10, 61);
  t.equal(decode("Auto", binary), binary, "binary that is not Base64 is kept as it is");
  t.throws(() => decode("Rot13" as "None", binary), invalid("decoding strategy Rot13 is not supported"));
  t.end();
});

test("a map is decoded value by value, and the error names the key but no value", (t) => {
  t.strictSame(decodeMap("Base64", new Map([["__proto__", bytes("aGk=")]])), new Map([["__proto__", bytes("hi")]]));
  t.throws(
    () => decodeMap("Base64", new Map([["k", bytes("hunter2!")]])),
    invalid("failure decoding key k: illegal base64 data"),
  );
  t.end();
});

test("keys are converted by their strategy", (t) => {
  const rows: [strategy: ConversionStrategy | undefined, key: string, expected: string][] = [
    [undefined, "a/b", "a_b"],
    ["", "a/b", "a_b"],
    ["Default", "a b:c", "a_b_c"],
    ["Default", "A-z_0.9", "A-z_0.9"],
    ["Default", "überß", "überß"],
    ["Default", "½٣", "½٣"],
    ["Default", "a\u{1f600}b", "a_b"],
    ["Unicode", "a/b", "a_U002f_b"],
    ["Unicode", "a\u{1f600}b", "a_U1f600_b"],
    ["Default", "__proto__", "__proto__"],
  ];
  for (const [strategy, key, expected] of rows) {
    t.strictSame([...convertKeys(strategy, map(key)).keys()], [expected], `${String(strategy)} of ${key}`);
  }
  t.throws(() => convertKeys("Default", map("a/b", "a:b")), invalid("secret name collision during conversion: a_b"));
  t.strictSame([...convertKeys("Unicode", map("a/b", "a:b")).keys()], ["a_U002f_b", "a_U003a_b"]);
  t.end();
});

test("keys that no Secret can hold are refused, the empty one is dropped", (t) => {
  t.strictSame(validateKeys(map("", "a.b-c_1", "é")), new Map([...map("", "a.b-c_1", "é")].slice(1)));
  t.equal(validateKeys(map("k".repeat(253))).size, 1);
  const long = "k".repeat(254);
  const rows: [key: string, message: string][] = [
    [long, `key has length 254 but max is 253: (following is truncated): ${long.slice(1)}`],
    ["a/b", "key has invalid character /, only alphanumeric, '-', '.' and '_' are allowed: a/b"],
    ["../../x", "key has invalid character /, only alphanumeric, '-', '.' and '_' are allowed: ../../x"],
  ];
  for (const [key, message] of rows) t.throws(() => validateKeys(map(key)), invalid(message), message);
  t.throws(() => validateKeys(map("é".repeat(127))), { code: "InvalidConfig" }, "length is in bytes");
  t.end();
});

test("a NUL byte is refused only under Fail, naming the first key in order", (t) => {
  const values = new Map([
    ["text", bytes("text")],
    ["b", Uint8Array.of(1, 0)],
    ["a", Uint8Array.of(0)],
  ]);
  for (const policy of [undefined, "", "Ignore"] as const) t.doesNotThrow(() => checkNullBytes(policy, values));
  t.throws(() => checkNullBytes("Fail", values), {
    code: "InvalidConfig",
    message: /^fetched secret value for key "a" contains null bytes; /u,
  });
  t.doesNotThrow(() => checkNullBytes("Fail", new Map([["text", bytes("text")]])));
  t.end();
});
