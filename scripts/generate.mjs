// Makes what is derived from one source: CRDs, core's references, the wire's code, the settings page.
// `node scripts/generate.mjs` writes; with --check it compares with what is on disk and exits 1 naming what is stale.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crdFiles } from "./generate/crds.mjs";
import { maintenanceFile } from "./generate/maintenance.mjs";
import { referencesFile } from "./generate/references.mjs";
import { settingsFile } from "./generate/settings.mjs";
import { readSpecs } from "./generate/specs.mjs";
import { wireFiles } from "./generate/wire.mjs";

const root = dirname(import.meta.dirname);

/** Folders that hold made files and nothing else: what is not made any more goes. */
const ownFolders = ["deploy/crds", "src/core/credentials/gen", "src/core/gen", "src/wire/gen"];

async function main(args) {
  const check = args.includes("--check");
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) return fail(`unknown argument ${unknown}; the only one is --check`, 2);
  const specs = await readSpecs(root);
  const files = [...crdFiles(specs), referencesFile(specs), maintenanceFile(specs), ...wireFiles(root), settingsFile()];
  const stale = [...files.filter((file) => current(file.path) !== file.text), ...leftOver(files)];
  if (!check) {
    for (const file of stale) apply(file);
    console.log(`generate: ${files.length} files, ${stale.length} changed`);
  } else if (stale.length > 0) {
    const names = stale.map(({ path }) => `  ${path}`).join("\n");
    fail(`not up to date; run "npm run generate" and commit:\n${names}`, 1);
  }
}

function current(path) {
  return existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;
}

function leftOver(files) {
  const made = new Set(files.map(({ path }) => path));
  return ownFolders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
    )
    .filter((path) => !made.has(path))
    .map((path) => ({ path, text: undefined }));
}

function apply({ path, text }) {
  const target = join(root, path);
  if (text === undefined) return rmSync(target);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

function fail(message, code) {
  console.error(`generate: ${message}`);
  process.exitCode = code;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1);
}
