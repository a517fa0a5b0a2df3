import type { Code } from "../api/errors.ts";
import { escapeControl } from "../api/escape.ts";
import type { Row } from "./board.ts";
import type { OutputProblem } from "./outputs/output.ts";
import { remedies } from "./remedies.ts";

const words: Readonly<Record<Row["state"], string>> = { ready: "Ready", failed: "not Ready", unknown: "waiting" };

/** One row as a line of its own. Escaped. */
export function line(row: Row): string {
  const { reason, message, state } = row;
  const said = [reason, message].filter((part) => part !== "").join(": ");
  return escapeControl(`${name(row)} ${words[state]}${said === "" ? "" : ` (${said})`}`);
}

/** The rows as a table of at most `height` lines, each cut to `width`; what failed is shown first when not all fit. */
export function table(rows: readonly Row[], width: number, height: number): readonly string[] {
  const fitting = rows.length <= height ? rows : mostUrgent(rows, height - 1);
  const names = fitting.map((row) => escapeControl(name(row)));
  const nameWidth = Math.max(0, ...names.map((each) => each.length));
  const lines = fitting.map((row, index) => {
    const text = `${names[index]?.padEnd(nameWidth)}  ${words[row.state].padEnd(9)}  ${escapeControl(row.reason)}`;
    return text.trimEnd().slice(0, width);
  });
  const hidden = rows.length - fitting.length;
  return hidden === 0 ? lines : [...lines, `... and ${hidden} more`.slice(0, width)];
}

/** All about a row that is not Ready: its condition, its last warning, how to mend it. Escaped. */
export function failure(row: Row, code: Code | undefined): string {
  const lines = [line(row)];
  if (row.state === "unknown") lines.push("nothing has handled it: look at --controller-class, or raise --timeout");
  if (row.detail !== undefined) lines.push(escapeControl(row.detail));
  if (code !== undefined) lines.push(`to mend it: ${remedies[code]}`);
  return lines.join("\n  ");
}

/** What could not be written out. Escaped. */
export function problemLine({ secret, key, message }: OutputProblem): string {
  const place = [secret === undefined ? "" : `Secret ${secret}`, key === undefined ? "" : `key ${key}`];
  return escapeControl(
    [place.filter((part) => part !== "").join(", "), message].filter((part) => part !== "").join(": "),
  );
}

/** How many of the rows are Ready, in words. */
export function summary(rows: readonly Row[]): string {
  const ready = rows.filter(({ state }) => state === "ready").length;
  if (rows.length === 0) return "there is no ExternalSecret and no store in the manifests";
  return `${ready} of ${rows.length} Ready`;
}

function mostUrgent(rows: readonly Row[], count: number): readonly Row[] {
  const order: readonly Row["state"][] = ["failed", "unknown", "ready"];
  const urgent = order.flatMap((state) => rows.filter((row) => row.state === state)).slice(0, Math.max(0, count));
  const chosen = new Set(urgent);
  return rows.filter((row) => chosen.has(row));
}

function name(row: Row): string {
  const { namespace, name } = row.key;
  return `${row.kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}
