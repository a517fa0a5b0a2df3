import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import { plainCommand } from "../plain-command.ts";
import { root } from "../test-bundles.ts";

/** A clone of the checkout, with what is not committed yet and nothing that git ignores, at `below` of a new folder. */
export function cloneCheckout(t: Test, below: string): string {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "outboard-clone-")));
  t.teardown(() => rmSync(parent, { recursive: true, force: true }));
  const clone = join(parent, below);
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of listed.toString().split("\0")) {
    // What was deleted is in the index still; node_modules may be a link.
    if (statSync(join(root, file), { throwIfNoEntry: false })?.isFile() !== true) continue;
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(root, file), join(clone, file));
  }
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  return clone;
}

/** Runs scripts/build-provider.mjs of a checkout, in an environment of its own, under a umask. */
export function build(
  checkout: string,
  args: readonly string[],
  { env = {}, umask = "022" }: { readonly env?: Readonly<Record<string, string>>; readonly umask?: string } = {},
): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const script = join(checkout, "scripts", "build-provider.mjs");
  const shell = ["-c", `umask ${umask} && exec "$@"`, "sh", process.execPath, script, ...args];
  const { status, stdout, stderr } = spawnSync(...plainCommand("sh", shell), {
    cwd: checkout,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}
