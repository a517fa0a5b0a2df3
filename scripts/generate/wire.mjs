// TypeScript of the wire, by buf and ts-proto.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** `{ path, text }` of each file of src/wire/gen. Runs offline: both tools are in node_modules. */
export function wireFiles(root) {
  const bin = join(root, "node_modules/.bin");
  const output = mkdtempSync(join(tmpdir(), "outboard-wire-"));
  try {
    const path = [bin, process.env.PATH].join(delimiter);
    execFileSync(join(bin, "buf"), ["generate", "--output", output], {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "inherit", "inherit"],
    });
    return readdirSync(output, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((file) => ({ path: file.slice(output.length + 1), text: readFileSync(file, "utf8") }));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}
