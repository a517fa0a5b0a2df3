import { readdir, readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ManifestError } from "./errors.ts";

/** A file's text, or why there is none. */
export type ManifestFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly error: ManifestError };

const manifestName = /\.(ya?ml|json)$/;

/**
 * The files that `paths` name: a file whatever it is called, of a folder its own *.yaml, *.yml and *.json, sorted. A file
 * that is named twice comes once.
 */
export async function readFiles(paths: readonly string[]): Promise<readonly ManifestFile[]> {
  const found = (await Promise.all(paths.map(filesOf))).flat();
  const once = new Map(found.map((entry) => [resolve(entry.file), entry]));
  return Promise.all(Array.from(once.values(), async (entry) => ("error" in entry ? entry : read(entry.file))));
}

type Named = { readonly file: string } | { readonly file: string; readonly error: ManifestError };

async function filesOf(path: string): Promise<readonly Named[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ file: path }];
    const names = (await readdir(path)).filter((name) => manifestName.test(name)).sort();
    if (names.length === 0) return [failed(path, "the folder has no *.yaml, *.yml or *.json")];
    return names.map((name) => ({ file: join(path, name) }));
  } catch (error) {
    return [failed(path, reasonOf(error))];
  }
}

async function read(file: string): Promise<ManifestFile> {
  try {
    return { file, text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(file)) };
  } catch (error) {
    return failed(file, error instanceof TypeError ? "is not UTF-8 text" : reasonOf(error));
  }
}

function failed(file: string, message: string): { readonly file: string; readonly error: ManifestError } {
  return { file, error: { file, field: "", message } };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "no such file or folder";
  if (code === "EACCES" || code === "EPERM") return "may not be read by this user";
  if (code === "EISDIR") return "is a folder";
  return `cannot be read${typeof code === "string" ? ` (${code})` : ""}`;
}
