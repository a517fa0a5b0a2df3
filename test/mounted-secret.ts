import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder with a Secret as kubelet mounts it. */
export interface MountedSecret {
  readonly folder: string;
  /** Puts other files in the place of all that are there, in kubelet's steps: a new folder, then one rename of `..data`. */
  swap(files: Readonly<Record<string, string>>): void;
  remove(): void;
}

/** Mounts a Secret of these files; without any it is an optional one that is not there yet. */
export function mountedSecret(first?: Readonly<Record<string, string>>): MountedSecret {
  // Real path: the permission model compares texts.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outboard-mount-")));
  let version = 0;
  const swap = (files: Readonly<Record<string, string>>) => {
    const before = `..v${version}`;
    const next = `..v${++version}`;
    mkdirSync(join(folder, next));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, next, name), text, { mode: 0o600 });
    symlinkSync(next, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    for (const name of Object.keys(files)) {
      rmSync(join(folder, name), { force: true });
      symlinkSync(join("..data", name), join(folder, name));
    }
    rmSync(join(folder, before), { recursive: true, force: true });
  };
  if (first !== undefined) swap(first);
  return { folder, swap, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
