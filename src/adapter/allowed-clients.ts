import { basename, dirname } from "node:path";
import { UsageError } from "../process/settings.ts";
import { MountedFileError, watchMountedFiles, type MountedFiles } from "../wire/mounted-files.ts";
import { parseAllowClient, type AllowedClient } from "./allow-client.ts";

/** What {@link allowedClients} needs. */
export interface AllowedClientsOptions {
  /** Those of --allow-client. */
  readonly flags: readonly AllowedClient[];
  /** --allow-client-file. */
  readonly file: string | undefined;
  /** Milliseconds from one look at the file to the next. */
  readonly interval?: number;
  /** Hears of each list that is taken from the file, and once of each problem; `held`: an older list stays in use. */
  readonly onNews?: (file: string, news: { readonly problem?: string; readonly held: boolean }) => void;
}

/** Who may call, as it is now. */
export interface AllowedClients {
  /** Those of the flags and of the file. */
  readonly current: () => readonly AllowedClient[];
  /** Why there is no list from the file yet; undefined: there is one, or none is wanted. */
  readonly awaited: () => string | undefined;
  readonly close: () => void;
}

/**
 * Who may call, followed as the file changes: a list that cannot be read, or has a line that is wrong, leaves the one
 * before it in use. Resolves after the first look.
 */
export async function allowedClients(options: AllowedClientsOptions): Promise<AllowedClients> {
  const { flags, file, interval = 1_000, onNews = () => undefined } = options;
  if (file === undefined) return { current: () => flags, awaited: () => undefined, close: () => undefined };

  let seen: string | undefined;
  let current: readonly AllowedClient[] | undefined;
  let problem: string | undefined;
  const take = (found: MountedFiles): string | undefined => {
    if (found instanceof MountedFileError) return found.message;
    const [text = ""] = found;
    if (text === seen) return undefined;
    try {
      current = [...flags, ...parseClientFile(text)];
    } catch (error) {
      return `${file}: ${error instanceof Error ? error.message : "unexpected error"}`;
    }
    seen = text;
    onNews(file, { held: true });
    return undefined;
  };
  const look = (found: MountedFiles) => {
    const next = take(found);
    const isNews = next !== undefined && next !== problem;
    problem = next;
    if (isNews) onNews(file, { problem: next, held: current !== undefined });
  };
  const close = await watchMountedFiles({ folder: dirname(file), names: [basename(file)], interval, look });
  return {
    current: () => current ?? flags,
    awaited: () => (current === undefined ? problem : undefined),
    close,
  };
}

/** One value of `--allow-client` a line; empty lines and those that begin with # say nothing. */
function parseClientFile(text: string): readonly AllowedClient[] {
  const lines = text.split("\n").map((line) => line.trim());
  const named = lines.filter((line) => line !== "" && !line.startsWith("#"));
  // More likely half a write than the wish to lock everybody out.
  if (named.length === 0) throw new UsageError("it names no client");
  return named.map((line) => parseAllowClient(line));
}
