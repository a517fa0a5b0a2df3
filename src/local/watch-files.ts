import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Editors write a file in several steps; one look at the end of them is enough. */
const quiet = 200;

/** How long to wait for a folder that is not there. */
const retry = 1_000;

/**
 * Calls `onChange` after something in the named folders, or in the folders of the named files, changed. Watches folders,
 * since editors replace files by new ones. Returns what ends it.
 */
export function watchFiles(paths: readonly string[], onChange: () => void): () => void {
  const watchers = new Set<FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  const schedule = (delay: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void again(), delay);
  };
  const detach = () => {
    for (const watcher of watchers) watcher.close();
    watchers.clear();
  };
  // Watches anew each time: a folder that was replaced by another of its name is not the one that was watched.
  const attach = async () => {
    detach();
    const folders = new Set(await Promise.all(paths.map(folderOf)));
    if (ended) return;
    for (const folder of folders) {
      try {
        const watcher = watch(folder, () => schedule(quiet));
        watcher.on("error", () => schedule(retry));
        watchers.add(watcher);
      } catch {
        schedule(retry);
      }
    }
  };
  const again = async () => {
    await attach();
    if (!ended) onChange();
  };

  void attach();
  return () => {
    ended = true;
    clearTimeout(timer);
    detach();
  };
}

async function folderOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isFolder ? path : dirname(path);
}
