// npm run check: types, lint, format, generated files and the wire contract, side by side.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled, node, root } from "./setup.mjs";

ensureInstalled();
const bin = (name) => join(root, "node_modules", ".bin", name);
const checks = {
  types: [bin("tsc"), ["-p", root]],
  lint: [bin("oxlint"), ["--deny-warnings"]],
  format: [bin("oxfmt"), ["--check", "."]],
  "generated files": [node(), ["scripts/generate.mjs", "--check"]],
  "wire contract": [node(), ["scripts/check-proto.mjs"]],
};

const results = await Promise.all(Object.entries(checks).map(([name, [program, args]]) => check(name, program, args)));
process.exit(results.every(Boolean) ? 0 : 1);

function check(name, program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}` },
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("close", (code) => {
      console.log(code === 0 ? `ok    ${name}` : `FAIL  ${name}\n${output}`);
      resolve(code === 0);
    });
  });
}
