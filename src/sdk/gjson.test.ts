import { test } from "tap";
import { selectPath } from "./gjson.ts";
import { numberText } from "./go-json.ts";
import { parseJson, type RawJson } from "./raw-json.ts";

// The document of GJSON's own syntax page, and what people put into secrets.
const document = `{
  "name": {"first": "Tom", "last": "Anderson"},
  "age": 37,
  "children": ["Sara","Alex","Jack"],
  "fav.movie": "Deer Hunter",
  "friends": [
    {"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig", "fb", "tw"]},
    {"first": "Roger", "last": "Craig", "age": 68, "nets": ["fb", "tw"]},
    {"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig", "tw"]}
  ],
  "big": 12345678901234567890,
  "deep": {"big": 98765432109876543210, "rate": 1.50, "exponent": 1e21, "nothing": null, "on": true, "off": false},
  "escaped": "line\\nbreak \\u00e9 \\"quoted\\"",
  "users.json": {"a*b": 1, "@odd": 2, "pipe|d": 3, "back\\\\slash": 4},
  "flags": [true, false, null, 0, 1, "true", "no"],
  "nested": [1, [2], [3, [4, 5]], {"k": [6]}],
  "pairs": [{"a": 1}, {"b": 2}, {"a": 3}],
  "table": {"id": ["x", "y"], "n": [1, 2], "other": 5},
  "encoded": "{\\"inner\\":{\\"key\\":\\"value\\"}}",
  "empty": {}, "none": [], "twice": 1, "twice": 2
}`;

const nothing = undefined;

const murphys =
  '[{"first": "Dale", "last": "Murphy", "age": 44, "nets": ["ig", "fb", "tw"]},{"first": "Jane", "last": "Murphy", "age": 47, "nets": ["ig", "tw"]}]';

/** Path, and the raw JSON that it selects. */
const cases: readonly (readonly [string, string | undefined])[] = [
  // Keys and indices
  ["name.last", '"Anderson"'],
  ["name.first", '"Tom"'],
  ["name", '{"first": "Tom", "last": "Anderson"}'],
  ["age", "37"],
  ["children", '["Sara","Alex","Jack"]'],
  ["children.0", '"Sara"'],
  ["children.1", '"Alex"'],
  ["children.3", nothing],
  ["children.-1", nothing],
  ["children.first", nothing],
  ["friends.1.first", '"Roger"'],
  ["friends.0.nets.2", '"tw"'],
  ["missing", nothing],
  ["name.missing", nothing],
  ["age.more", nothing],
  ["twice", "1"],
  ["big", "12345678901234567890"],
  ["deep.big", "98765432109876543210"],
  ["deep.nothing", "null"],
  ["empty", "{}"],
  // Wildcards
  ["child*.2", '"Jack"'],
  ["c?ildren.0", '"Sara"'],
  ["*.first", '"Tom"'],
  ["fr*ds.2.f*t", '"Jane"'],
  ["z*", nothing],
  // Escapes
  ["fav\\.movie", '"Deer Hunter"'],
  ["fav.movie", nothing],
  ["users\\.json.a\\*b", "1"],
  ["users\\.json.@odd", "2"],
  ["users\\.json.pipe\\|d", "3"],
  ["users\\.json.back\\\\slash", "4"],
  // Arrays
  ["friends.#", "3"],
  ["friends|#", "3"],
  ["none.#", "0"],
  ["friends.#.age", "[44,68,47]"],
  ["friends.#.first", '["Dale","Roger","Jane"]'],
  ["friends.#.nets.#", "[3,2,2]"],
  ["friends.#.missing", "[]"],
  ["name.#", nothing],
  // Queries
  ['friends.#(last=="Murphy").first', '"Dale"'],
  ['friends.#(last=="Murphy")#.first', '["Dale","Jane"]'],
  ['friends.#(last="Murphy")#', murphys],
  ["friends.#(last==Craig).first", '"Roger"'],
  ["friends.#(age>45)#.last", '["Craig","Murphy"]'],
  ["friends.#(age>=47)#.age", "[68,47]"],
  ["friends.#(age<47).first", '"Dale"'],
  ["friends.#(age<=47)#.first", '["Dale","Jane"]'],
  ["friends.#(age!=44)#.first", '["Roger","Jane"]'],
  ['friends.#(first%"D*").last', '"Murphy"'],
  ['friends.#(first!%"D*").last', '"Craig"'],
  ['children.#(!%"*a*")', '"Alex"'],
  ['children.#(%"*a*")#', '["Sara","Jack"]'],
  ['children.#(>"B")#', '["Sara","Jack"]'],
  ['friends.#(nets.#(=="fb"))#.first', '["Dale","Roger"]'],
  ["friends.#(nets)#.age", "[44,68,47]"],
  ['friends.#(last=="Nobody")', nothing],
  ['friends.#(last=="Nobody")#', "[]"],
  ["friends.#(age>100", nothing],
  // What is no number counts as 0 beside a number.
  ["flags.#(==true)#", '[true,0,"true"]'],
  ["flags.#(==~true)#", '[true,1,"true"]'],
  ["flags.#(==~false)#", "[false,null,0]"],
  ["flags.#(==~null)#", "[null]"],
  // Dot and pipe
  ["friends|0.first", '"Dale"'],
  ["friends.0|first", '"Dale"'],
  ["friends|0|first", '"Dale"'],
  ['friends.#(last="Murphy")#|first', nothing],
  ['friends.#(last="Murphy")#.0', "[]"],
  ['friends.#(last="Murphy")#|0.first', '"Dale"'],
  ['friends.#(last="Murphy")#.#', "[]"],
  ['friends.#(last="Murphy")#|#', "2"],
  ["friends.#.nets|1", '["fb", "tw"]'],
  // Modifiers
  ["children.@reverse", '["Jack","Alex","Sara"]'],
  ["children.@reverse.0", '"Jack"'],
  ["children|@reverse|0", '"Jack"'],
  ["name.@reverse", '{"last":"Anderson","first":"Tom"}'],
  ["name.@keys", '["first","last"]'],
  ["name.@values", '["Tom","Anderson"]'],
  ["name.@keys.#", "2"],
  ["friends.#.nets.@reverse", '[["tw","fb","ig"],["tw","fb"],["tw","ig"]]'],
  ["@this.age", "37"],
  ["name.@this", '{"first": "Tom", "last": "Anderson"}'],
  ["name.@ugly", '{"first":"Tom","last":"Anderson"}'],
  ["age.@valid", "37"],
  ["nested.@flatten", '[1,2,3,[4, 5],{"k": [6]}]'],
  ['nested.@flatten:{"deep":true}', '[1,2,3,4,5,{"k": [6]}]'],
  ["pairs.@join", '{"a":3,"b":2}'],
  ['pairs.@join:{"preserve":true}', '{"a":1,"b":2,"a":3}'],
  ["table.@group", '[{"id":"x","n":1},{"id":"y","n":2}]'],
  ["age.@tostr", '"37"'],
  ["encoded.@fromstr.inner.key", '"value"'],
  ["@dig:k", "[[6]]"],
  ["missing.@keys", "[]"],
  ["name.@unknown", nothing],
  // Multipaths and literals
  ["[age,name.first]", '[37,"Tom"]'],
  [
    '{name.first,age,"the_murphys":friends.#(last="Murphy")#.first}',
    '{"first":"Tom","age":37,"the_murphys":["Dale","Jane"]}',
  ],
  ["{age,missing}", '{"age":37}'],
  ["name.[first,last].1", '"Anderson"'],
  ["friends.#.{first,age}|1", '{"first":"Roger","age":68}'],
  ['{age,"fixed":!"text"}', '{"age":37,"fixed":"text"}'],
  ["[!12,!true]", "[12,true]"],
  ["..0.age", "37"],
  ["..#", "1"],
  // Texts, dots and escapes where they are easily misread
  ['children.#(%"A\\*")#', "[]"],
  ['friends.#( last = "Murphy" )#.first', '["Dale","Jane"]'],
  ["friends.00.first", '"Dale"'],
  ["name..first", nothing],
  ["child\\ren", '["Sara","Alex","Jack"]'],
  ["friends.#.@keys", '[["first","last","age","nets"],["first","last","age","nets"],["first","last","age","nets"]]'],
];

test("GJSON paths select what GJSON's syntax says", async (t) => {
  const root = parse(document);
  for (const [path, expected] of cases) t.equal(selectPath(root, path)?.raw, expected, path);
});

test("a selected string is decoded", async (t) => {
  const selected = selectPath(parse(document), "escaped");
  t.equal(selected?.kind === "string" && selected.text, 'line\nbreak é "quoted"');
});

test("a path that makes its input larger and larger is InvalidConfig, not the end of the process", async (t) => {
  const root = parse(JSON.stringify({ value: "x".repeat(1000) }));
  const path = Array.from({ length: 40 }, () => "[@this,@this]").join("|");
  t.throws(() => selectPath(root, path), { name: "ProviderError", code: "InvalidConfig", message: /too much work/ });
  t.throws(() => selectPath(root, `@dig:${"@dig:".repeat(200_000)}x`), { code: "InvalidConfig" });
});

test("a wildcard of many stars ends", async (t) => {
  const root = parse(JSON.stringify({ ["a".repeat(5000)]: 1 }));
  t.equal(selectPath(root, `${"*a".repeat(40)}b`), undefined);
});

test("numbers by a path are printed as Go's gjson prints them", async (t) => {
  for (const [raw, expected] of [
    ["12345678901234567890", "12345678901234567890"],
    ["-7", "-7"],
    ["1.50", "1.5"],
    ["1e3", "1000"],
    ["1E+21", "1000000000000000000000"],
    ["1.25e22", "12500000000000000000000"],
    ["1e-7", "0.0000001"],
    ["-1.5e-9", "-0.0000000015"],
    ["0.1", "0.1"],
    ["-0.0", "-0"],
    ["1e400", "+Inf"],
  ] as const) {
    t.equal(numberText(raw), expected, raw);
  }
});

function parse(text: string): RawJson {
  const value = parseJson(text);
  if (value === undefined) throw new Error("the test's document is no JSON");
  return value;
}
