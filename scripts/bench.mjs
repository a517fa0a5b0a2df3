// npm run bench: builds what is measured, then measures. Arguments name benchmarks, by default the first four, in this
// order; "cluster" is all that need an API server (npm run envtest:setup):
//   npm run bench -- [calls] [reads] [start] [local] [cluster | cluster/new | cluster/refresh
//     | cluster/together | cluster/foreign] [--quick] [--rounds N] [--results DIR] [--no-build]
// --no-build: dist/ holds the bundles already.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureInstalled, node, root, run } from "./setup.mjs";

const benchmarks = ["calls", "reads", "start", "local"];
const given = process.argv.slice(2);
const inCluster = ["cluster/new", "cluster/refresh", "cluster/together", "cluster/foreign"];
const named = [
  ...benchmarks.filter((name) => given.includes(name)),
  ...inCluster.filter((name) => given.includes("cluster") || given.includes(name)),
];
const notOptions = [...benchmarks, ...inCluster, "cluster", "--no-build"];
const options = given.filter((argument) => !notOptions.includes(argument));

ensureInstalled();
const build = (...args) => run(node(), [join(root, "scripts", "build-provider.mjs"), ...args], { quiet: true });
if (!given.includes("--no-build")) build("--all");
// esbuild is there only now.
const { bundle } = await import("./bundle/esbuild.mjs");
const out = join(root, ".outboard", "bench");
mkdirSync(out, { recursive: true });
for (const name of ["bare-server", "bare-client", "shim-client"]) {
  const { bytes } = await bundle(root, `import "./bench/load/${name}.ts";`);
  writeFileSync(join(out, `${name}.cjs`), bytes);
}
if (named.some((name) => inCluster.includes(name))) {
  // What answers slowly, and the build that core is compared with.
  build("scripted", "--providers", join(root, "test", "providers"), "--out", join(root, ".outboard", "test-bundles"));
  build("--all-in-one", "fake", "--out", out);
}
for (const name of named.length > 0 ? named : benchmarks) run(node(), [join(root, "bench", `${name}.ts`), ...options]);
