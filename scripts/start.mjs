// npm start: builds the bundles and runs local mode, on the shipped quick start unless arguments say otherwise.
import { ensureInstalled, node, root, run } from "./setup.mjs";
import { join } from "node:path";

ensureInstalled();
run(node(), [join(root, "scripts", "build-provider.mjs"), "--all"], { quiet: true });
const given = process.argv.slice(2);
const quickstart = ["-f", "examples/quickstart", "--once", "--stdout"];
if (given.length === 0) console.log(`outboard local ${quickstart.join(" ")}\n`);
// After `--` Node leaves our --env-file to us.
process.exit(
  run(node(), ["--", join(root, "dist", "core", "outboard.cjs"), "local", ...(given.length > 0 ? given : quickstart)], {
    allowFailure: true,
  }),
);
