import type { SecretObject } from "../../cluster/objects.ts";
import { secretName } from "./output.ts";
import type { OutputProblem } from "./output.ts";

/** First line of a file that we wrote: what does not begin with it is not ours to replace. */
export const envFileMark = "# Written by outboard local; changes are lost.";

/** What shells, Node and Docker Compose all take as the name of a variable. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What needs no quotes anywhere. */
const plain = /^[A-Za-z0-9_./:@%+,=-]*$/;

interface Line {
  readonly secret: string;
  readonly text: string;
}

/**
 * All Secrets as one .env file, sorted by variable. Lines read the same to a POSIX shell, Node's --env-file and npm's
 * dotenv. A key that cannot be such a line, and one that two Secrets have, is left out and told.
 */
export function envFile(secrets: readonly SecretObject[]): {
  readonly text: string;
  readonly problems: readonly OutputProblem[];
} {
  const problems: OutputProblem[] = [];
  const lines = new Map<string, Line>();
  const ambiguous = new Set<string>();
  for (const secret of secrets) {
    const name = secretName(secret);
    for (const [key, value] of secret.data ?? []) {
      const line = envLine(key, value);
      const other = lines.get(key);
      if ("problem" in line) problems.push({ secret: name, key, message: line.problem });
      else if (other) {
        ambiguous.add(key);
        problems.push({ secret: name, key, message: `Secret ${other.secret} has this key too: rename one of them` });
      } else lines.set(key, { secret: name, text: line.text });
    }
  }
  for (const key of ambiguous) lines.delete(key);
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line.text);
  return { text: [envFileMark, ...sorted, ""].join("\n"), problems };
}

/** One KEY=value line, or why there is none. Never quotes the value. */
export function envLine(key: string, value: Uint8Array): { readonly text: string } | { readonly problem: string } {
  if (!variableName.test(key)) {
    return { problem: "the key is no name of a variable (letters, digits, _): rename it in the ExternalSecret" };
  }
  const text = decode(value);
  if (text === undefined) return unrepresentable("is not UTF-8 text");
  if (text.includes("\0")) return unrepresentable("has a NUL byte");
  if (text.includes("\r")) return unrepresentable("has a carriage return");
  if (plain.test(text)) return { text: `${key}=${text}` };
  // In single quotes everything, a newline too, stands for itself.
  if (!text.includes("'")) return { text: `${key}='${text}'` };
  // In double quotes these four mean something, and not the same to all readers.
  if (!/["\\$`]/.test(text)) return { text: `${key}="${text}"` };
  return unrepresentable('has a single quote beside one of " \\ $ `');
}

function unrepresentable(why: string): { readonly problem: string } {
  return { problem: `the value ${why}, which no .env line can hold: use --out or --stdout` };
}

function decode(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}
