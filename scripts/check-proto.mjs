// Holds the wire contract: lint, no broken number against the committed images, images and generated code up to date.
//   node scripts/check-proto.mjs [--proto DIR]   DIR instead of proto/
//   node scripts/check-proto.mjs --update        writes proto/contract.binpb and src/wire/gen after an addition
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./setup.mjs";

const { values } = parseArgs({ options: { proto: { type: "string" }, update: { type: "boolean" } } });
const proto = values.proto ?? join(root, "proto");
const prototype = join(root, "proto", "prototype.binpb");
const contract = join(root, "proto", "contract.binpb");
const generated = join(root, "src", "wire", "gen");
const remedy = "run node scripts/check-proto.mjs --update";

buf("the contract does not pass buf lint", ["lint", proto]);
buf("a number or type of the prototype's contract changed", ["breaking", proto, "--against", prototype]);
buf("a number or type of Outboard's contract changed", ["breaking", proto, "--against", contract]);
const image = buf("the contract cannot be built", ["build", proto, "--exclude-source-info", "-o", "-#format=binpb"]);
const folder = mkdtempSync(join(tmpdir(), "outboard-proto-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
buf("the code cannot be generated", ["generate", proto, "--template", join(root, "buf.gen.yaml"), "-o", folder]);
const fresh = filesIn(join(folder, "src", "wire", "gen"));
if (values.update) update();
else compare();

function update() {
  writeFileSync(contract, image);
  buf("the code cannot be generated", ["generate"]);
  console.log(`wrote proto/contract.binpb and ${fresh.size} files in src/wire/gen`);
}

function compare() {
  if (!readFileSync(contract).equals(image)) fail(`proto/contract.binpb lacks what was added: ${remedy}`);
  const committed = filesIn(generated);
  const stale = [...fresh].filter(([name, text]) => committed.get(name) !== text).map(([name]) => name);
  const left = [...committed.keys()].filter((name) => !fresh.has(name));
  if (stale.length + left.length > 0)
    fail(`src/wire/gen is not what buf generates: ${[...stale, ...left].join(", ")}: ${remedy}`);
  console.log("the wire contract holds");
}

function filesIn(directory) {
  const names = readdirSync(directory, { recursive: true }).filter((name) => name.endsWith(".ts"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

function buf(failure, args) {
  const bin = join(root, "node_modules", ".bin");
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const { status, stdout, stderr, error } = spawnSync(join(bin, "buf"), args, { cwd: root, env, maxBuffer: 1 << 26 });
  if (status !== 0) fail(`${failure}:\n${error?.message ?? `${stdout}${stderr}`}`);
  return stdout;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
