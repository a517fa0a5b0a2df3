// Reads the TAP of a whole run, checks that every folder ran at least its tests, that none was skipped and that no
// planted secret value is in any output, and prints the closing line.
// Usage: node scripts/ci-summary.mjs TAP_FILE FAILED_STEPS [OUTPUT_FILE...]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { findLeaks } from "../test/leak-search.ts";
import { root } from "./setup.mjs";

/** How many failures are told in full. */
const mostFailures = 40;

const [tapFile, failedSteps, ...outputs] = process.argv.slice(2);
const counts = count(existsSync(tapFile) ? readFileSync(tapFile, "utf8") : "");
const faults = [
  ...counts.skipped.map((line) => `skipped: ${line}`),
  ...tooFew(counts.folders),
  ...[tapFile, ...outputs].flatMap(leaks),
  ...(failedSteps === "0" ? [] : ["a step above failed"]),
];
for (const fault of faults) console.error(`ci: ${fault}`);
for (const [folder, ran] of [...counts.folders].sort()) console.log(`${folder}: ${ran} assertions`);
// Last, since the end is what is kept of a long output.
for (const failure of counts.failures.slice(0, mostFailures)) console.log(failure);

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
process.exitCode = faults.length > 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** Counts assertions. The line of a test or file (it ends in its time) is none, but may be all that tells of a failure. */
function count(tap) {
  const folders = new Map();
  const skipped = [];
  let passed = 0;
  let failed = 0;
  let failedTests = 0;
  let folder = "";
  let path = "";
  const failures = [];
  const lines = tap.split("\n");
  for (const [index, line] of lines.entries()) {
    const file = /^# Subtest: (\S+\.test\.ts)$/.exec(line);
    if (file) [path, folder] = [file[1], folderOf(file[1])];
    const assertion = /^\s*(not )?ok \d+( - .*)?$/.exec(line);
    if (!assertion) continue;
    const isTest = / # time=/.test(line);
    if (assertion[1]) failures.push(`${path}: ${line.trim()}${detailsOf(lines, index)}`);
    if (/ # (SKIP|TODO)\b/i.test(line)) skipped.push(line.trim());
    else if (assertion[1] && isTest) failedTests += 1;
    else if (assertion[1]) failed += 1;
    else if (!isTest) {
      passed += 1;
      folders.set(folder, (folders.get(folder) ?? 0) + 1);
    }
  }
  return { passed, failed: failed || failedTests, skipped, folders, failures };
}

/** The first lines of what TAP says of a failure, which stands below it between `---` and `...`. */
function detailsOf(lines, index) {
  if (lines[index + 1]?.trim() !== "---") return "";
  const end = lines.findIndex((line, at) => at > index && line.trim() === "...");
  return lines
    .slice(index + 2, Math.min(end, index + 14))
    .map((line) => `\n${line}`)
    .join("");
}

/** src/api/errors.test.ts -> src/api; src/core/shim/x.test.ts -> src/core/shim; test/x.test.ts -> test. */
function folderOf(path) {
  const parts = path.split("/");
  return parts[0] === "src"
    ? parts.slice(0, parts[1] === "providers" || parts[1] === "core" ? Math.min(3, parts.length - 1) : 2).join("/")
    : parts[0];
}

/** Folders that ran fewer assertions than test/minimum-assertions.json says, or of which it says nothing. */
function tooFew(folders) {
  const minimum = JSON.parse(readFileSync(join(root, "test", "minimum-assertions.json"), "utf8"));
  const few = Object.entries(minimum)
    .filter(([folder, least]) => (folders.get(folder) ?? 0) < least)
    .map(([folder, least]) => `${folder}: ${folders.get(folder) ?? 0} assertions ran, at least ${least} must`);
  const unknown = [...folders.keys()]
    .filter((folder) => !Object.hasOwn(minimum, folder))
    .map((folder) => `${folder}: test/minimum-assertions.json does not say how many assertions it runs at least`);
  return [...few, ...unknown];
}

/** Where an output file holds a piece of a value that a test planted (.tap/planted, see test/e2e/outboard.ts). */
function leaks(file) {
  const folder = join(root, ".tap", "planted");
  const planted = existsSync(folder) ? readdirSync(folder).map((name) => readFileSync(join(folder, name))) : [];
  if (planted.length === 0) return ["no test planted a secret value: the search for leaks has nothing to look for"];
  if (!existsSync(file)) return [`${file} is missing: nothing was searched for leaks`];
  const encodings = new Set(findLeaks(planted, readFileSync(file)).map(({ encoding }) => encoding));
  return encodings.size === 0
    ? []
    : [`${basename(file)} holds a piece of a secret value (${[...encodings].join(", ")})`];
}
