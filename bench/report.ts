import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Figures } from "./rounds.ts";

/** How much is measured, and where it is kept. */
export interface BenchOptions {
  /** One short round: shows that everything runs, says nothing of how fast. */
  readonly quick: boolean;
  readonly rounds: number;
  /** Folder of the raw rows. */
  readonly results: string;
}

/** Options of every file in bench, from its command line: `[--quick] [--rounds N] [--results DIR]`. */
export function benchOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string", default: "5" },
      results: { type: "string", default: join(import.meta.dirname, "results") },
    },
  });
  const { quick, rounds, results } = values;
  return { quick, rounds: quick ? 1 : Number(rounds), results };
}

/** Keeps the rows of one benchmark, in place of those of its last run: one JSON object a line, first the machine. */
export function rowsOf(name: string, { results, quick }: BenchOptions): (row: object) => void {
  const file = join(results, `${name}.jsonl`);
  mkdirSync(results, { recursive: true });
  rmSync(file, { force: true });
  const write = (row: object) => appendFileSync(file, `${JSON.stringify(row)}\n`);
  const [cpu] = cpus();
  write({ bench: name, quick, node: process.version, cpu: cpu?.model, cores: cpus().length });
  return write;
}

/** Takes each round's figures as a row. */
export function roundRows(write: (row: object) => void): (round: number, variant: string, figures: Figures) => void {
  return (round, variant, figures) => write({ round, variant, ...figures });
}

/** Prints a title and cells below headings. */
export function printTable(title: string, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ");
  console.log([`\n${title}`, ...lines.map(line)].join("\n"));
}

/** "1.28 (aim: at most 1.3)", with MISSED when it is, by the figure as it is printed. */
export function against(value: number, aim: { readonly atMost: number } | { readonly atLeast: number }): string {
  const text = value.toFixed(2);
  const shown = Number(text);
  const [word, bound, met] =
    "atMost" in aim
      ? (["at most", aim.atMost, shown <= aim.atMost] as const)
      : (["at least", aim.atLeast, shown >= aim.atLeast] as const);
  return `${text} (aim: ${word} ${bound}${met ? "" : ", MISSED"})`;
}
