import { isStatusWrite, type Asked } from "./audit-tail.ts";

/** The value below which `share` of them are; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** When the first status of each object was written, milliseconds since the epoch. */
export function firstWrites(asked: readonly Asked[]): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const each of asked) {
    if (isStatusWrite(each) && !first.has(each.object)) first.set(each.object, each.to);
  }
  return first;
}
