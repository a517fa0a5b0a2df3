import { join } from "node:path";

/** Where the program's own files are. */
export interface Installation {
  /** CustomResourceDefinitions that manifests are checked by. */
  readonly crds: string;
  /** The bundles that were built with it. */
  readonly bundles: string;
}

/** Found from where this module runs: from source, or as part of dist/core/outboard.cjs. */
export function installation(): Installation {
  // CommonJS, into which core is bundled, has no import.meta.
  const source: string | undefined = import.meta.dirname;
  if (source === undefined) return { crds: join(__dirname, "crds"), bundles: join(__dirname, "..") };
  const root = join(source, "..", "..");
  return { crds: join(root, "deploy", "crds"), bundles: join(root, "dist") };
}
