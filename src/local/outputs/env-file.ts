import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { envFile, envFileMark } from "./dotenv.ts";
import type { Output } from "./output.ts";
import { codeOf, OutputError, writePrivateFile } from "./private-file.ts";

/** One .env file with the keys of all Secrets. A file that we did not write is left alone. */
export function createEnvFile(file: string): Output {
  const path = resolve(file);
  let written: string | undefined;
  return {
    write: async (secrets) => {
      const { text, problems } = envFile(secrets);
      if (text === written) return problems;
      try {
        await refuseForeign(path);
        await writePrivateFile(path, Buffer.from(text));
        written = text;
        return problems;
      } catch (error) {
        return [...problems, { message: (error as Error).message }];
      }
    },
  };
}

/** Rejects with OutputError when something stands there that we did not write. */
async function refuseForeign(path: string): Promise<void> {
  let beginning: string;
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(envFileMark.length), 0, envFileMark.length, 0);
      beginning = buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    if (codeOf(error) === "ELOOP") throw new OutputError(`${path} is a symbolic link, not a file: remove it`);
    throw new OutputError(`${path} cannot be read (${codeOf(error)})`);
  }
  if (beginning !== envFileMark) throw new OutputError(`${path} was not written by outboard local: move it away`);
}
