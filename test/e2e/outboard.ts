import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { findLeaks } from "../leak-search.ts";
import { plainCommand } from "../plain-command.ts";
import { dist, root } from "../test-bundles.ts";

/** Core's bundle as built, running as a process of its own. */
export interface Outboard {
  readonly process: ChildProcess;
  /** Everything on stdout so far: what the user asked to be printed. */
  stdout(): string;
  /** Everything on stderr so far: progress, failures, logs. */
  stderr(): string;
  /** Resolves with the exit code (null: ended by a signal). */
  readonly exited: Promise<number | null>;
  /** Resolves once stderr matches; rejects with all of stderr when the process ends or a minute passes first. */
  said(pattern: RegExp): Promise<void>;
}

/** How to run it: from the checkout, in the test's own environment, unless said otherwise. */
export interface OutboardOptions {
  readonly cwd?: string;
  /** Variables beside the test's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `outboard ARGS...`. It is ended at the end of the test, and its output is searched for every planted value. */
export function startOutboard(t: Test, args: readonly string[], options: OutboardOptions = {}): Outboard {
  const command = plainCommand(process.execPath, ["--", join(dist, "core", "outboard.cjs"), ...args]);
  const child = spawn(...command, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  t.teardown(async () => {
    await end(child, exited);
    searchForPlanted(t, stderr);
  });
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    said: (pattern) =>
      until(
        () => pattern.test(stderr),
        () => `never said ${pattern}; it said:\n${stderr}`,
      ),
  };
}

/** Ends outboard so that it removes its keys: the second SIGTERM waits for nothing. */
async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  while (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM");
    await Promise.race([exited, sleep(100)]);
  }
  clearTimeout(timer);
  await exited;
}

/** Runs `outboard ARGS...` to its end. */
export async function runOutboard(
  t: Test,
  args: readonly string[],
  options: OutboardOptions = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const outboard = startOutboard(t, args, options);
  const code = await outboard.exited;
  return { code, stdout: outboard.stdout(), stderr: outboard.stderr() };
}

/** Polls until `condition` holds; rejects with `otherwise()` after a minute. Timings never decide a test. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  otherwise: () => string,
  patience = 60_000,
): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end; await sleep(25)) if (await condition()) return;
  throw new Error(otherwise());
}

const planted = new Set<string>();

/**
 * A secret value of 32 random bytes (as text) for a manifest or a backend. All output of this file's processes is
 * searched for it, and the run's own output too: CI looks for what is written down here (scripts/ci-summary.mjs).
 */
export function plantSecret(): string {
  const value = randomBytes(32).toString("base64url");
  const folder = join(root, ".tap", "planted");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${randomBytes(8).toString("hex")}.txt`), value, { mode: 0o600 });
  planted.add(value);
  return value;
}

/** Fails the test when `output` holds a piece of a planted value. */
export function searchForPlanted(t: Test, output: string): void {
  const leaks = findLeaks(
    Array.from(planted, (value) => Buffer.from(value)),
    output,
  );
  if (leaks.length > 0) t.fail("the output holds a piece of a secret value", { leaks });
}

/** Writes files into a folder of the test's own; the folder. */
export function manifests(t: Test, files: Readonly<Record<string, string>>): string {
  return t.testdir({ ...files });
}
