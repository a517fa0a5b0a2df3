import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A file that cannot be read; the message names it and says why. */
export class MountedFileError extends Error {
  override readonly name = "MountedFileError";
}

/** What a look at files found: their texts in the order of their names, or what is wrong with the first that is missing. */
export type MountedFiles = readonly string[] | MountedFileError;

/** What {@link watchMountedFiles} needs. */
export interface MountedFilesOptions {
  readonly folder: string;
  readonly names: readonly string[];
  /** Milliseconds from one look to the next. */
  readonly interval: number;
  /** Hears what each look found, changed or not. Must not throw. */
  readonly look: (found: MountedFiles) => void;
}

/**
 * Looks at files of a folder again and again: kubelet swaps those of a Secret without a sound that inotify reliably hears.
 * Does not keep the process alive. Resolves after the first look, to what ends them.
 */
export async function watchMountedFiles(options: MountedFilesOptions): Promise<() => void> {
  const { folder, names, interval, look } = options;
  const closed = new AbortController();
  const { signal } = closed;
  const again = async () => {
    while (!signal.aborted) {
      await pause(interval, undefined, { signal, ref: false });
      const found = await readMountedFiles(folder, names);
      if (!signal.aborted) look(found);
    }
  };
  look(await readMountedFiles(folder, names));
  again().catch((error: unknown) => {
    // The pause rejects when it is over; anything else is a defect that ends the process.
    if (!signal.aborted) throw error;
  });
  return () => closed.abort();
}

/** How often reads are begun anew because the files were swapped meanwhile. */
const tries = 10;

/**
 * Files of one folder as they belong together: where it is a mounted Secret, all of them from the folder that `..data`
 * leads to, which kubelet replaces as a whole.
 */
export async function readMountedFiles(folder: string, names: readonly string[]): Promise<MountedFiles> {
  for (let attempt = 1; ; attempt++) {
    const version = await versionOf(folder);
    const found = await readAll(folder, version, names);
    if (!(found instanceof MountedFileError) || attempt === tries || (await versionOf(folder)) === version)
      return found;
  }
}

async function readAll(folder: string, version: string, names: readonly string[]): Promise<MountedFiles> {
  const found = await Promise.all(
    names.map((name) =>
      readFile(join(folder, version, name), "utf8").catch(
        (error: NodeJS.ErrnoException) =>
          new MountedFileError(`${join(folder, name)} ${whyNot(error.code)}`, { cause: error }),
      ),
    ),
  );
  const texts = found.filter((each) => typeof each === "string");
  // The first by name, so that two looks at the same say the same.
  return found.find((each) => each instanceof MountedFileError) ?? texts;
}

function whyNot(code: string | undefined): string {
  return code === "ENOENT" ? "is not there" : `cannot be read (${code ?? "unknown error"})`;
}

/** Where `..data` leads; empty: the folder has none. */
async function versionOf(folder: string): Promise<string> {
  return readlink(join(folder, "..data")).catch(() => "");
}
