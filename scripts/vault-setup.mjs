// Prints the path of a Vault for the tests: the one that OUTBOARD_VAULT_BIN names (vault, bao or vaultlite), else
// vaultlite from test/vaultlite, built with Go once per state of its sources. With --find it builds nothing.
// Exit 3: there is none, and stderr says what to install.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const sources = join(dirname(dirname(fileURLToPath(import.meta.url))), "test", "vaultlite");
const named = process.env.OUTBOARD_VAULT_BIN;

if (named) {
  if (!isExecutable(named)) leave(`OUTBOARD_VAULT_BIN names ${named}, which is no executable file`);
  found(named);
}
const binary = join(cacheFolder(), sourceHash(), "vaultlite");
if (isExecutable(binary)) found(binary);
const go = goCommand();
if (go === undefined) {
  leave(
    "no Vault for the tests: install Go 1.26 or later, or let OUTBOARD_VAULT_BIN name a vault, bao or vaultlite binary",
  );
}
if (process.argv.includes("--find"))
  leave("no Vault for the tests yet: run `npm run vault:setup` (it builds one with Go)");
await build().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
found(binary);

function found(path) {
  console.log(path);
  process.exit(0);
}

function leave(message) {
  console.error(message);
  process.exit(3);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "outboard", "vault");
}

function sourceHash() {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"]) hash.update(readFileSync(join(sources, file)));
  return hash.digest("hex").slice(0, 16);
}

function goCommand() {
  return ["go", "/usr/local/go/bin/go"].find((command) => spawnSync(command, ["version"]).status === 0);
}

/** Builds beside the target and renames: a build that was cut off is never taken for a whole one. */
async function build() {
  mkdirSync(dirname(binary), { recursive: true });
  const unlock = await lock(join(dirname(binary), "lock"));
  const partial = `${binary}.${process.pid}`;
  try {
    if (isExecutable(binary)) return;
    console.error("building a Vault for the tests; this takes four minutes once");
    const args = ["build", "-mod=readonly", "-trimpath", "-ldflags", "-s -w", "-o", partial, "."];
    const { status } = spawnSync(go, args, { cwd: sources, stdio: ["ignore", 2, 2] });
    if (status === 0) renameSync(partial, binary);
    else throw new Error("the build of test/vaultlite failed; Go said why above");
  } finally {
    rmSync(partial, { force: true });
    unlock();
  }
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
