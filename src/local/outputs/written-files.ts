import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, OutputError, writePrivateFile } from "./private-file.ts";

/** Lies in the folder itself, where no namespace's folder can have its name. */
const recordFile = ".outboard.json";

/** The paths that we wrote below a folder, NAMESPACE/SECRET/KEY. Rejects with OutputError when it cannot be told. */
export async function readRecord(root: string): Promise<ReadonlySet<string>> {
  const path = join(root, recordFile);
  let text: string;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      text = await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return new Set();
    throw new OutputError(`${path} cannot be read (${codeOf(error)}): remove it`);
  }
  return new Set(parse(path, text).filter((written) => isPath(written)));
}

/** Replaces what {@link readRecord} reads. */
export async function writeRecord(root: string, files: ReadonlySet<string>): Promise<void> {
  const text = `${JSON.stringify({ version: 1, files: [...files].sort() }, undefined, 1)}\n`;
  await writePrivateFile(join(root, recordFile), Buffer.from(text));
}

function parse(path: string, text: string): readonly string[] {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === "object" && record !== null && "files" in record && Array.isArray(record.files)) {
      return record.files.filter((file) => typeof file === "string");
    }
  } catch {
    // Said below, without the parser's words.
  }
  throw new OutputError(`${path} is not what outboard local wrote: empty the folder`);
}

/** Whoever wrote the record: nothing outside of the folder is ever removed for it. */
function isPath(written: string): boolean {
  const parts = written.split("/");
  return parts.length === 3 && parts.every((part) => part !== "" && part !== "." && part !== "..");
}
