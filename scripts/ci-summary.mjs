// Reads the TAP of a whole run, checks that every folder ran at least its tests and that none was skipped, and prints
// the closing line. Usage: node scripts/ci-summary.mjs FILE FAILED_STEPS
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./setup.mjs";

const [file, failedSteps] = process.argv.slice(2);
const minimum = JSON.parse(readFileSync(join(root, "test", "minimum-assertions.json"), "utf8"));
const counts = existsSync(file)
  ? count(readFileSync(file, "utf8"))
  : { passed: 0, failed: 0, skipped: [], folders: new Map() };

const faults = counts.skipped.map((line) => `skipped: ${line}`);
for (const [folder, least] of Object.entries(minimum)) {
  const ran = counts.folders.get(folder) ?? 0;
  if (ran < least) faults.push(`${folder}: ${ran} assertions ran, at least ${least} must`);
}
for (const folder of counts.folders.keys()) {
  if (!(folder in minimum))
    faults.push(`${folder}: test/minimum-assertions.json does not say how many assertions it runs at least`);
}
if (failedSteps !== "0") faults.push("a step above failed");
for (const fault of faults) console.error(`ci: ${fault}`);
for (const [folder, ran] of [...counts.folders].sort()) console.log(`${folder}: ${ran} assertions`);

console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
process.exitCode = faults.length > 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** Counts assertions; a subtest's own line (it ends in its time) is not one. */
function count(tap) {
  const folders = new Map();
  const skipped = [];
  let passed = 0;
  let failed = 0;
  let folder = "";
  for (const line of tap.split("\n")) {
    const file = /^# Subtest: (\S+\.test\.ts)$/.exec(line);
    if (file) folder = folderOf(file[1]);
    const assertion = /^\s*(not )?ok \d+( - .*)?$/.exec(line);
    if (!assertion) continue;
    if (/ # SKIP/i.test(line)) skipped.push(line.trim());
    else if (assertion[1]) failed += 1;
    else if (!/ # time=/.test(line)) {
      passed += 1;
      folders.set(folder, (folders.get(folder) ?? 0) + 1);
    }
  }
  return { passed, failed, skipped, folders };
}

/** src/api/errors.test.ts -> src/api; test/x.test.ts -> test. */
function folderOf(path) {
  const parts = path.split("/");
  return parts[0] === "src"
    ? parts.slice(0, parts[1] === "providers" || parts[1] === "core" ? Math.min(3, parts.length - 1) : 2).join("/")
    : parts[0];
}
