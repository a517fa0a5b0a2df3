import { lstat, mkdir, realpath, rmdir, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { SecretObject } from "../../cluster/objects.ts";
import { secretName } from "./output.ts";
import type { Output, OutputProblem } from "./output.ts";
import { codeOf, ensurePrivateFolder, checkPrivateFolder, OutputError, writePrivateFile } from "./private-file.ts";
import { readRecord, writeRecord } from "./written-files.ts";

/** NAMESPACE/SECRET/KEY below a folder: a folder a namespace, a folder a Secret, a file a key. */
export function createOutDir(dir: string): Output {
  /** resourceVersion of each Secret whose files are all there. */
  const done = new Map<string, string>();
  let record: ReadonlySet<string> | undefined;

  const writeAll = async (root: string, secrets: readonly SecretObject[]): Promise<OutputProblem[]> => {
    const before = (record ??= await readRecord(root));
    const problems: OutputProblem[] = [];
    const wanted = new Set<string>();
    for (const secret of secrets) {
      for (const key of secret.data?.keys() ?? []) {
        const message = problemOf(secret, key);
        if (message === undefined) wanted.add(pathOf(secret, key));
        else problems.push({ secret: secretName(secret), key, message });
      }
    }
    // Before the files: one that a killed run left behind is then still known as ours.
    const known = new Set([...before, ...wanted]);
    if (known.size > before.size) await writeRecord(root, known);
    const failed = new Set<string>();
    for (const secret of secrets) problems.push(...(await writeSecret({ root, secret, before, failed, done })));
    const stale = [...before].filter((path) => !wanted.has(path));
    for (const path of stale) await removeStale(root, path);
    const ours = new Set([...wanted].filter((path) => before.has(path) || !failed.has(path)));
    if (ours.size < known.size) await writeRecord(root, ours);
    record = ours;
    return problems;
  };

  return {
    write: async (secrets) => {
      try {
        return await writeAll(await rootOf(dir), secrets);
      } catch (error) {
        if (!(error instanceof OutputError)) throw error;
        return [{ message: error.message }];
      }
    },
  };
}

/** The folder itself, made when it is missing. Its parents may be links, as they are the user's own; it may not. */
async function rootOf(dir: string): Promise<string> {
  const path = resolve(dir);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const root = join(await realpath(dirname(path)), basename(path));
    await ensurePrivateFolder(root);
    return root;
  } catch (error) {
    if (error instanceof OutputError) throw error;
    throw new OutputError(`${path} cannot be made (${codeOf(error)})`);
  }
}

/** Where one Secret goes, and what is known of the folder. */
interface SecretTarget {
  readonly root: string;
  readonly secret: SecretObject;
  /** Paths that an earlier write left. */
  readonly before: ReadonlySet<string>;
  /** Takes the paths that could not be written. */
  readonly failed: Set<string>;
  readonly done: Map<string, string>;
}

async function writeSecret(target: SecretTarget): Promise<readonly OutputProblem[]> {
  const { root, secret, before, failed, done } = target;
  const name = secretName(secret);
  if (done.get(name) === secret.metadata.resourceVersion) return [];
  done.delete(name);
  const keys = [...(secret.data ?? [])].filter(([key]) => problemOf(secret, key) === undefined);
  const problems: OutputProblem[] = [];
  try {
    if (keys.length > 0) await ensurePrivateFolder(join(root, secret.metadata.namespace));
    if (keys.length > 0) await ensurePrivateFolder(join(root, secret.metadata.namespace, secret.metadata.name));
  } catch (error) {
    for (const [key] of keys) failed.add(pathOf(secret, key));
    return [{ secret: name, message: (error as Error).message }];
  }
  for (const [key, value] of keys) {
    const path = pathOf(secret, key);
    try {
      if (!before.has(path)) await refuseForeign(join(root, path));
      await writePrivateFile(join(root, path), value);
    } catch (error) {
      failed.add(path);
      problems.push({ secret: name, key, message: (error as Error).message });
    }
  }
  if (problems.length === 0) done.set(name, secret.metadata.resourceVersion);
  return problems;
}

/** Rejects with OutputError when something stands there. */
async function refuseForeign(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats) throw new OutputError(`${path} was not written by outboard local: move it away`);
}

/** Removes a file that we wrote for a key that is gone, and its folders once they are empty. */
async function removeStale(root: string, path: string): Promise<void> {
  const [namespace = "", secret = "", key = ""] = path.split("/");
  const folders = [join(root, namespace), join(root, namespace, secret)];
  try {
    for (const folder of folders) await checkPrivateFolder(folder);
    await unlink(join(root, namespace, secret, key));
    for (const folder of folders.toReversed()) await rmdir(folder);
  } catch {
    // Gone already, no longer ours, or a folder that holds more: nothing to remove.
  }
}

function pathOf(secret: SecretObject, key: string): string {
  return `${secret.metadata.namespace}/${secret.metadata.name}/${key}`;
}

/** Why a key cannot be a file; undefined when it can. */
function problemOf(secret: SecretObject, key: string): string | undefined {
  const parts = [secret.metadata.namespace, secret.metadata.name, key];
  if (parts.every((part) => isFileName(part))) return undefined;
  return "its name cannot be the name of a file: rename it in the ExternalSecret";
}

/** Whether a text names a file in its folder, and nothing else, everywhere. */
export function isFileName(text: string): boolean {
  return (
    text !== "" &&
    text !== "." &&
    text !== ".." &&
    !/[/\\\u0000-\u001f\u007f]/.test(text) &&
    Buffer.byteLength(text) <= 255
  );
}
