import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Why a file or folder is not written. The message names it and says how to mend it. */
export class OutputError extends Error {
  override readonly name = "OutputError";
}

/**
 * Writes a file for our user alone (0600): beside its place first, then by rename, so that nobody sees half of it.
 * Rejects with OutputError; what stands at its place must be a file, never a link.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats && !stats.isFile()) throw new OutputError(`${path} is ${kindOf(stats)}, not a file: remove it`);
  const beside = join(dirname(path), `.outboard-${randomBytes(8).toString("hex")}.tmp`);
  try {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    const file = await open(beside, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw new OutputError(`${path} cannot be written (${codeOf(error)})`);
  }
}

/**
 * Makes a folder for our user alone (0700) unless it is there. One that is there must be a folder, ours, and not
 * writable by others: then nobody else can put a link into it between a check and a write. Rejects with OutputError.
 */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw new OutputError(`${path} cannot be made (${codeOf(error)})`);
  }
  await checkPrivateFolder(path);
}

/** The check of {@link ensurePrivateFolder} alone. */
export async function checkPrivateFolder(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw new OutputError(`${path} cannot be looked at (${codeOf(error)})`);
  });
  if (!stats.isDirectory()) throw new OutputError(`${path} is ${kindOf(stats)}, not a folder: remove it`);
  const user = process.getuid?.();
  if (user !== undefined && stats.uid !== user) {
    throw new OutputError(`${path} belongs to another user (${stats.uid}): choose a folder of your own`);
  }
  if (user !== undefined && (stats.mode & 0o022) !== 0) {
    throw new OutputError(`${path} can be written by others: chmod go-w it, or choose another folder`);
  }
}

/** The code of a failed system call. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function kindOf(stats: { isSymbolicLink(): boolean; isDirectory(): boolean }): string {
  if (stats.isSymbolicLink()) return "a symbolic link";
  return stats.isDirectory() ? "a folder" : "something else";
}
