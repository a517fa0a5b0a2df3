// npm test: sets up what the tests need, then runs them. Arguments name folders or files: `npm test -- src/api`.
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, node, root, run } from "./setup.mjs";

ensureInstalled();
const build = join(root, "scripts", "build-provider.mjs");
const testBundles = join(root, ".outboard", "test-bundles");
run(node(), [build, "--all"], { quiet: true });
run(node(), [build, "fake", "vault", "--out", testBundles], { quiet: true });
run(node(), [build, "scripted", "--providers", join(root, "test", "providers"), "--out", testBundles], { quiet: true });
// Without Go these say what to install, and the tests that need what is not there say that they were skipped.
run(node(), [join(root, "scripts", "vault-setup.mjs")], { allowFailure: true });
run(node(), [join(root, "scripts", "envtest-setup.mjs")], { allowFailure: true });
// Values that tests plant and CI searches the output for; those of an older run are in no output of this one.
rmSync(join(root, ".tap", "planted"), { recursive: true, force: true });
run(join(root, "node_modules", ".bin", "tap"), ["run", ...process.argv.slice(2).flatMap(testFiles)]);

/** tap takes every file of a folder for a test, so a folder is given as its test files. */
function testFiles(argument) {
  if (!existsSync(argument) || !statSync(argument).isDirectory()) return [argument];
  return readdirSync(argument, { recursive: true })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(argument, file));
}
