/** One step of the way from an ExternalSecret to its backend. */
export interface Step {
  /** "reference", "store", "provider", "endpoint", "certificate", "backend". */
  readonly name: string;
  /** `unknown`: whoever asks may not see it. */
  readonly state: "ok" | "stops" | "unknown";
  readonly says: string;
}

/** The steps as text, a line each; the last line says whether, and where, it stops. */
export function stepsText(title: string, steps: readonly Step[]): string {
  const width = Math.max(...steps.map(({ name }) => name.length));
  const lines = steps.map(({ name, state, says }) => `  ${marks[state]}  ${name.padEnd(width)}  ${says}`);
  const stop = steps.find(({ state }) => state === "stops");
  const unseen = steps.filter(({ state }) => state === "unknown").length;
  const end =
    stop !== undefined
      ? `it stops at the ${stop.name}`
      : unseen > 0
        ? `nothing stops it as far as you may see (${unseen} not seen)`
        : "nothing stops it";
  return `${[title, ...lines, end].join("\n")}\n`;
}

const marks = { ok: "ok   ", stops: "STOPS", unknown: "?    " } as const;
