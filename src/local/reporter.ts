import { rowId } from "./board.ts";
import type { Row } from "./board.ts";
import { line, table } from "./report.ts";

/** Where progress is told: stderr, so that stdout holds nothing but what was asked for. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Tells how far a run is: a table that is drawn over itself on a terminal, plain lines elsewhere. */
export interface Reporter {
  /** Where everything stands now. */
  progress(rows: readonly Row[]): void;
  /** Text that stays, whole lines; escaped already. */
  print(text: string): void;
  /** Leaves the table as it is. */
  end(): void;
}

/** A reporter to a stream. `withFailed`: whether lines tell of what failed; without it, whoever prints failures does. */
export function createReporter(stream: ProgressStream, { withFailed = true } = {}): Reporter {
  return stream.isTTY ? terminalReporter(stream) : lineReporter(stream, withFailed);
}

function lineReporter(stream: ProgressStream, withFailed: boolean): Reporter {
  const told = new Map<string, string>();
  return {
    progress: (rows) => {
      for (const row of rows) {
        const text = line(row);
        if (row.state === "unknown" || told.get(rowId(row)) === text) continue;
        told.set(rowId(row), text);
        if (row.state === "ready" || withFailed) stream.write(`${text}\n`);
      }
    },
    print: (text) => stream.write(`${text}\n`),
    end: () => undefined,
  };
}

function terminalReporter(stream: ProgressStream): Reporter {
  let drawn: readonly string[] = [];
  const draw = (lines: readonly string[], before = "") => {
    const clear = drawn.length === 0 ? "" : `\u001b[${drawn.length}A\u001b[J`;
    stream.write(clear + before + lines.map((each) => `${each}\n`).join(""));
    drawn = lines;
  };
  return {
    progress: (rows) => {
      // One line is the cursor's, and a line that wraps would be cleared half. A terminal without a size says 0.
      const lines = table(rows, (stream.columns || 80) - 1, Math.max(1, (stream.rows || 24) - 1));
      if (lines.join("\n") !== drawn.join("\n")) draw(lines);
    },
    print: (text) => draw(drawn, `${text}\n`),
    end: () => {
      drawn = [];
    },
  };
}
