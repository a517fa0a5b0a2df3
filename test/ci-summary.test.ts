import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type Test } from "tap";
import { plainCommand } from "./plain-command.ts";
import { root } from "./test-bundles.ts";

const planted = "Zx81-planted_value_of-32-bytes!!";

/** TAP as the runner writes it: a file with a test with assertions. */
const file = (path: string, ...lines: readonly string[]) =>
  [
    `# Subtest: ${path}`,
    "    # Subtest: it works",
    ...lines.map((line) => `        ${line}`),
    "    ok 1 - it works # time=1.5ms",
  ].join("\n");

const good = [
  file("src/api/errors.test.ts", "ok 1 - one", "ok 2 - two"),
  file("src/core/shim/pool.test.ts", "ok 1 - should be equal"),
  file("src/core/core.test.ts", "ok 1 - should be equal"),
  file("src/providers/fake/fake.test.ts", "ok 1 - should be equal"),
  file("test/e2e/x.test.ts", "ok 1 - should be equal"),
];
const minimum = { "src/api": 2, "src/core": 1, "src/core/shim": 1, "src/providers/fake": 1, test: 1 };

interface Run {
  readonly tap?: readonly string[];
  /** Null: the run left no log. */
  readonly log?: string | null;
  readonly failedSteps?: string;
  readonly planted?: readonly string[];
}

/** Runs the script in a checkout of its own on the output of a run. */
function summary(t: Test, { tap = good, log = "log\n", failedSteps = "0", planted: values = [planted] }: Run) {
  const checkout = t.testdir();
  for (const path of ["scripts/ci-summary.mjs", "scripts/setup.mjs", "test/leak-search.ts"]) {
    cpSync(join(root, path), join(checkout, path));
  }
  writeFileSync(join(checkout, "test", "minimum-assertions.json"), JSON.stringify(minimum));
  mkdirSync(join(checkout, ".tap", "planted"), { recursive: true });
  values.forEach((value, index) => writeFileSync(join(checkout, ".tap", "planted", `${index}.txt`), value));
  writeFileSync(join(checkout, "ci.tap"), `TAP version 14\n${tap.join("\n")}\n`);
  if (log !== null) writeFileSync(join(checkout, "ci.log"), log);
  const command = plainCommand(process.execPath, ["scripts/ci-summary.mjs", "ci.tap", failedSteps, "ci.log"]);
  const { status, stdout, stderr } = spawnSync(...command, { cwd: checkout, encoding: "utf8" });
  return { status, closing: stdout.trim().split("\n").at(-1), stdout, stderr };
}

test("a whole run passes and closes with its counts", async (t) => {
  const { status, closing, stdout, stderr } = summary(t, {});
  t.equal(stderr, "");
  t.equal(status, 0);
  t.equal(closing, "6 passed, 0 failed, 0 skipped");
  t.match(stdout, "src/api: 2 assertions\nsrc/core: 1 assertions\nsrc/core/shim: 1 assertions\n");
});

const b64 = (text: string) => Buffer.from(text).toString("base64");

/** What makes a run fail, the closing line, and what is said. */
const failing: Readonly<Record<string, readonly [run: Run, closing: string, said: RegExp]>> = {
  "a failed assertion": [
    { tap: [...good, file("test/y.test.ts", "not ok 1 - should be equal")] },
    "6 passed, 1 failed, 0 skipped",
    /^$/,
  ],
  "a file that failed without an assertion": [
    { tap: [...good, "# Subtest: test/y.test.ts", "not ok 6 - test/y.test.ts # time=120000ms"] },
    "6 passed, 1 failed, 0 skipped",
    /^$/,
  ],
  "a skipped test": [
    { tap: [...good, file("test/y.test.ts", "ok 1 - vault conforms # SKIP there is no Go")] },
    "6 passed, 0 failed, 1 skipped",
    /^ci: skipped: ok 1 - vault conforms # SKIP there is no Go\n$/,
  ],
  "a test to be written": [
    { tap: [...good, file("test/y.test.ts", "ok 1 - vault conforms # TODO later")] },
    "6 passed, 0 failed, 1 skipped",
    /^ci: skipped: .*TODO/,
  ],
  "too few assertions in a folder": [
    { tap: [file("src/api/errors.test.ts", "ok 1 - one"), ...good.slice(1)] },
    "5 passed, 0 failed, 0 skipped",
    /^ci: src\/api: 1 assertions ran, at least 2 must\n$/,
  ],
  "a folder that did not run": [
    { tap: good.slice(0, -1) },
    "5 passed, 0 failed, 0 skipped",
    /^ci: test: 0 assertions ran, at least 1 must\n$/,
  ],
  "a folder that nobody counts": [
    { tap: [...good, file("src/wire/wire.test.ts", "ok 1 - one")] },
    "7 passed, 0 failed, 0 skipped",
    /^ci: src\/wire: test\/minimum-assertions\.json does not say/,
  ],
  "a step that failed": [{ failedSteps: "1" }, "6 passed, 0 failed, 0 skipped", /^ci: a step above failed\n$/],
  "no output at all": [{ tap: [] }, "0 passed, 0 failed, 0 skipped", /at least/],
  "a log that is missing": [{ log: null }, "6 passed, 0 failed, 0 skipped", /^ci: ci\.log is missing/],
  "nothing planted": [{ planted: [] }, "6 passed, 0 failed, 0 skipped", /no test planted a secret value/],
  "a planted value in the TAP": [
    { tap: [...good, `# ${planted.slice(8, 20)}`] },
    "6 passed, 0 failed, 0 skipped",
    /^ci: ci\.tap holds a piece of a secret value \(raw[^)]*\)\n$/,
  ],
  "a planted value in the log, in base64": [
    { log: `{"msg":"${b64(`x${planted}`)}"}` },
    "6 passed, 0 failed, 0 skipped",
    /ci: ci\.log holds a piece of a secret value \(base64[^)]*\)\n/,
  ],
  "the second of two planted values, in hex": [
    { planted: ["another value that is not there!", planted], log: Buffer.from(planted).toString("hex") },
    "6 passed, 0 failed, 0 skipped",
    /^ci: ci\.log holds a piece of a secret value \(hex[^)]*\)\n$/,
  ],
};

test("what must not pass does not, and says why", async (t) => {
  for (const [what, [run, closing, said]] of Object.entries(failing)) {
    const result = summary(t, run);
    t.equal(result.status, 1, what);
    t.equal(result.closing, closing, what);
    t.match(result.stderr, said, what);
    t.notMatch(result.stderr + result.stdout, planted.slice(8, 20), "it quotes no value");
  }
});

test("what failed stands before the closing line, with where and why", async (t) => {
  const details = ["not ok 2 - should be equal", "  ---", "  compare: ===", "  ...", "ok 3 - should be equal"];
  const { stdout } = summary(t, { tap: [...good, file("test/y.test.ts", ...details)] });
  t.match(
    stdout,
    /test\/y\.test\.ts: not ok 2 - should be equal\n\s+compare: ===\n[^]*\d+ passed, 1 failed, 0 skipped\n$/,
  );
});
