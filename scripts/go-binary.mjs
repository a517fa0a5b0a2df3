// Programs that the tests need and Go builds: found in the user's cache folder, or built into it.
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";

/** Where built programs of a kind are kept; every checkout of a user shares it. */
export function cacheFolder(name) {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "outboard", name);
}

export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The go command; undefined: there is none. */
export function goCommand() {
  return ["go", "/usr/local/go/bin/go"].find((command) => spawnSync(command, ["version"]).status === 0);
}

/** Prints where it is and ends this process. */
export function found(path) {
  console.log(path);
  process.exit(0);
}

/** Ends this process because something is not there; `message` says what to do about it. */
export function leave(message) {
  console.error(message);
  process.exit(3);
}

/**
 * Builds the programs of `binaries` ({ path, package, ldflags }) that are not there yet, in the module of `module`.
 * Builds beside the target and renames: a build that was cut off is never taken for a whole one. Ends this process with
 * status 1 when a build fails; Go has said why.
 */
export async function buildBinaries({ go, module, folder, binaries, announcement }) {
  mkdirSync(folder, { recursive: true });
  const unlock = await lock(join(folder, "lock"));
  const missing = binaries.filter(({ path }) => !isExecutable(path));
  if (missing.length > 0) console.error(announcement);
  const failed = missing.find((binary) => !build(go, module, binary));
  unlock();
  if (failed === undefined) return;
  console.error(`the build of ${basename(failed.path)} failed; Go said why above`);
  process.exit(1);
}

function build(go, module, { path, package: name, ldflags }) {
  const partial = `${path}.${process.pid}`;
  const args = ["build", "-mod=readonly", "-ldflags", ldflags, "-o", partial, name];
  const { status } = spawnSync(go, args, { cwd: module, stdio: ["ignore", 2, 2] });
  if (status === 0) renameSync(partial, path);
  rmSync(partial, { force: true });
  return status === 0;
}

/** One build at a time. A lock whose holder is gone is taken over. */
async function lock(file) {
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!isAlive(file)) rmSync(file, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function isAlive(file) {
  try {
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return true;
  } catch {
    return false;
  }
}
