// Prints the path of a Vault for the tests: the one that OUTBOARD_VAULT_BIN names (vault, bao or vaultlite), else
// vaultlite from test/vaultlite, built with Go once per state of its sources. With --find it builds nothing.
// Exit 3: there is none, and stderr says what to install.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildBinaries, cacheFolder, found, goCommand, isExecutable, leave } from "./go-binary.mjs";

const sources = join(dirname(dirname(fileURLToPath(import.meta.url))), "test", "vaultlite");
const named = process.env.OUTBOARD_VAULT_BIN;

if (named) {
  if (!isExecutable(named)) leave(`OUTBOARD_VAULT_BIN names ${named}, which is no executable file`);
  found(named);
}
const folder = join(cacheFolder("vault"), sourceHash());
const binary = join(folder, "vaultlite");
if (isExecutable(binary)) found(binary);
const go = goCommand();
if (go === undefined) {
  leave(
    "no Vault for the tests: install Go 1.26 or later, or let OUTBOARD_VAULT_BIN name a vault, bao or vaultlite binary",
  );
}
if (process.argv.includes("--find"))
  leave("no Vault for the tests yet: run `npm run vault:setup` (it builds one with Go)");
await buildBinaries({
  go,
  module: sources,
  folder,
  binaries: [{ path: binary, package: ".", ldflags: "-s -w" }],
  announcement: "building a Vault for the tests; this takes four minutes once",
});
found(binary);

function sourceHash() {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum", "main.go"]) hash.update(readFileSync(join(sources, file)));
  return hash.digest("hex").slice(0, 16);
}
