import { readFileSync } from "node:fs";

/** Process ids of what a process started and has not ended. Linux: /proc. */
export function childrenOf(pid: number | undefined): readonly number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`);
  return text.split(" ").filter(Boolean).map(Number).filter(isAlive);
}

/** Whether a process runs or is stopped; one that ended and that nobody has asked about yet (Z) does not. */
export function isAlive(pid: number): boolean {
  const state = /^\d+ \(.*\) (\S)/s.exec(read(`/proc/${pid}/stat`))?.[1];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Program and arguments of a process; empty when there is none. */
export function commandLine(pid: number): readonly string[] {
  return read(`/proc/${pid}/cmdline`).split("\0").slice(0, -1);
}

/** The one child of `pid` that runs the bundle of a provider. */
export function providerOf(pid: number | undefined, provider: string): number {
  const found = childrenOf(pid).filter((child) =>
    commandLine(child).some((argument) => argument.endsWith(`/providers/${provider}/provider.cjs`)),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} children run the bundle of ${provider}`);
  return only;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
