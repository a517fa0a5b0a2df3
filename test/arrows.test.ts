import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "tap";
import { plainCommand } from "./plain-command.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const oxlint = join(root, "node_modules", ".bin", "oxlint");

/** A file, an import it may not have, and the folder that is refused. */
const forbidden: readonly (readonly [file: string, imported: string])[] = [
  ["src/core/x.ts", "../providers/vault/vault.ts"],
  ["src/core/shim/x.ts", "../../sdk/define-provider.ts"],
  ["src/core/x.ts", "../host/host.ts"],
  ["src/core/x.ts", "../adapter/main.ts"],
  ["src/providers/vault/x.ts", "../../core/core.ts"],
  ["src/providers/vault/x.ts", "../../host/host.ts"],
  ["src/providers/vault/x.ts", "../fake/fake.ts"],
  ["src/sdk/x.ts", "../wire/status.ts"],
  ["src/api/x.ts", "../sdk/value.ts"],
  ["src/wire/x.ts", "../core/core.ts"],
  ["src/cluster/x.ts", "../core/core.ts"],
  ["src/adapter/x.ts", "../core/core.ts"],
  ["src/local/x.ts", "../providers/fake/fake.ts"],
  ["src/conformance/x.ts", "../host/host.ts"],
];

const allowed: readonly (readonly [file: string, imported: string])[] = [
  ["src/core/x.ts", "../wire/status.ts"],
  ["src/providers/vault/x.ts", "../../sdk/define-provider.ts"],
  ["src/local/x.ts", "../core/core.ts"],
];

test("an import against the arrows fails the lint, one along them passes", async (t) => {
  for (const [file, imported] of forbidden) t.not(lint(file, imported), 0, `${file} may not import ${imported}`);
  for (const [file, imported] of allowed) t.equal(lint(file, imported), 0, `${file} may import ${imported}`);
});

/** Lints one file with one import, in a folder of its own under the project's configuration; the exit code. */
function lint(file: string, imported: string): number {
  // Outside the checkout: what git ignores, oxlint does not lint.
  const folder = mkdtempSync(join(tmpdir(), "outboard-arrows-"));
  try {
    cpSync(join(root, ".oxlintrc.json"), join(folder, ".oxlintrc.json"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `export * from "${imported}";\n`);
    const command = plainCommand(oxlint, ["-A", "all", "-D", "no-restricted-imports", file]);
    return spawnSync(...command, { cwd: folder }).status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
