// dist/providers.json: which bundle serves which key, with its hash. Local mode starts nothing that it does not list.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Puts `entries` into dist's manifest, in place of older ones of the same names. Sorted, so that order of builds is not seen. */
export function writeManifest(dist, entries) {
  const path = join(dist, "providers.json");
  const held = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")).providers : [];
  const kept = held.filter(
    ({ name, file }) => entries.every((entry) => entry.name !== name) && existsSync(join(dist, file)),
  );
  const providers = [...kept, ...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(path, `${JSON.stringify({ version: 1, providers }, null, 2)}\n`);
}
