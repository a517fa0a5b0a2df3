import { test } from "tap";
import { compileRe2 } from "./re2.ts";

const field = "spec.dataFrom[0].find.name.regexp";

test("an expression matches anywhere in the text", (t) => {
  const rows: [pattern: string, text: string, expected: boolean][] = [
    ["b", "abc", true],
    ["^b", "abc", false],
    ["^(prod|dev)-\\d+$", "prod-12", true],
    ["(?i)ABC", "xabcx", true],
    ["\\p{Greek}", "α", true],
    ["", "", true],
    [".", "\n", false],
    ["(?P<n>a)(?<m>b)", "ab", true],
  ];
  for (const [pattern, text, expected] of rows) {
    t.equal(compileRe2(pattern, field).matches(text), expected, `${pattern} in ${JSON.stringify(text)}`);
  }
  t.end();
});

test("what is not RE2 is refused with the field and why, and without the pattern", (t) => {
  const rows: [pattern: string, why: string][] = [
    ["hunter2(", "missing closing )"],
    ["hunter2(?=a)", "invalid or unsupported Perl syntax"],
    ["(hunter2)\\1", "invalid escape sequence"],
    ["(hunter2{1000}){1000}", "invalid repeat count"],
    ["(".repeat(5_000), "missing closing )"],
    ["(".repeat(4_000) + ")".repeat(4_000), "expression nests too deeply"],
  ];
  for (const [pattern, why] of rows) {
    const message = `${field}: not a regular expression in RE2 syntax: ${why}`;
    t.throws(() => compileRe2(pattern, field), { code: "InvalidConfig", message }, why);
  }
  t.end();
});

test("an expression that is hostile ends, in an answer or in an error", (t) => {
  const text = `${"a".repeat(100_000)}b`;
  t.equal(compileRe2("(a+)+$", field).matches(text), false);
  t.equal(compileRe2("(a|aa)*(a*)*c", field).matches(text), false);
  t.equal(compileRe2("(a+)+$", field).replaceAll("a".repeat(200) + "b", "x"), "a".repeat(200) + "b");
  const costly = {
    code: "InvalidConfig",
    message: `${field}: the regular expression is too costly for a text of this length`,
  };
  t.throws(() => compileRe2("(a?){1000}b(c?){1000}", field).matches(text), costly);
  t.throws(() => compileRe2("a.*c|a", field).replaceAll(text, "x"), costly);
  const large = { code: "InvalidConfig", message: `${field}: the regular expression is too large` };
  t.throws(() => compileRe2("a".repeat(10_001), field), large);
  t.throws(() => compileRe2("a{1000}".repeat(51), field), large);
  t.throws(() => compileRe2("", field).replaceAll("a".repeat(2_000), "x".repeat(1_000)), {
    code: "InvalidConfig",
    message: `${field}: the replaced text is too large`,
  });
  t.end();
});

test("matches are replaced as Go replaces them", (t) => {
  const rows: [pattern: string, text: string, target: string, expected: string][] = [
    ["a", "banana", "o", "bonono"],
    ["^foo-(.*)$", "foo-bar", "$1", "bar"],
    ["(a)(b)?", "ac", "[$1$2]", "[a]c"],
    ["(a)", "a", "$1x", ""],
    ["(a)", "a", "${1}x", "ax"],
    ["(a)", "a", "$0$0", "aa"],
    ["(a)", "a", "$2$9", ""],
    ["(a)", "a", "$01", ""],
    ["(?P<name>a)", "a", "${name}-$name", "a-a"],
    ["(?P<name>a)", "a", "$other", ""],
    ["(?P<name>a)", "a", "$constructor", ""],
    ["a", "a", "$$1", "$1"],
    ["a", "a", "$", "$"],
    ["a", "a", "$-", "$-"],
    ["a", "a", "${1", "${1"],
    ["a", "a", "${}", "${}"],
    ["a", "a", "\\1", "\\1"],
    ["", "ab", "-", "-a-b-"],
    ["a*", "baac", "x", "xbxcx"],
    ["", "\u{1f600}", "-", "-\u{1f600}-"],
    ["[^0-9A-Za-z]", "a/b c", "_", "a_b_c"],
    ["x", "abc", "y", "abc"],
    ["$", "ab", "!", "ab!"],
    ["^", "ab", "!", "!ab"],
    ["\\b", "ab cd", "|", "|ab| |cd|"],
  ];
  for (const [pattern, text, target, expected] of rows) {
    t.equal(compileRe2(pattern, field).replaceAll(text, target), expected, `${pattern}, ${text}, ${target}`);
  }
  t.end();
});
