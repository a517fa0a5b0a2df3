// Set-up that every npm script shares. Plain JavaScript that old Nodes run: it starts before the pinned Node is there.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const stamp = join(root, "node_modules", ".outboard-installed");

/** Installs the packages of package-lock.json, unless just those are installed already. */
export function ensureInstalled() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  console.log("Installing packages (npm ci), once per change of package-lock.json...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) fail("npm ci failed; its message is above");
  writeFileSync(stamp, wanted);
}

/** Path of the Node that runs the project: the pinned one, else the machine's when it is new enough. */
export function node() {
  const pinned = join(root, "node_modules", ".bin", "node");
  if (existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  return fail(`no pinned Node for ${process.platform}-${process.arch}: install Node 24 or later and run this again`);
}

/** Runs a program to its end with the project's tools on the path; ends this process with its status when it fails. */
export function run(program, args, { env = {}, allowFailure = false, quiet = false } = {}) {
  const path = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
  const { status, signal } = spawnSync(program, args, {
    cwd: root,
    stdio: quiet ? ["inherit", "ignore", "inherit"] : "inherit",
    env: { ...process.env, ...env, PATH: path },
  });
  const code = status ?? (signal === "SIGINT" ? 130 : 1);
  if (code !== 0 && !allowFailure) process.exit(code);
  return code;
}

function fail(message) {
  console.error(`outboard: ${message}`);
  process.exit(1);
}
