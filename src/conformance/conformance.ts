import { callCases } from "./cases/calls.ts";
import { findCases } from "./cases/find.ts";
import { valueCases } from "./cases/values.ts";
import { writeCases } from "./cases/writes.ts";
import type { ConformanceCase, Subject } from "./subject.ts";

/** Every case, in the order in which they run. */
export const conformanceCases: readonly ConformanceCase[] = [...valueCases, ...findCases, ...writeCases, ...callCases];

/** The cases that say something about this subject: it has the operations and has not opted out. */
export function casesFor(subject: Subject): readonly ConformanceCase[] {
  return conformanceCases.filter(
    ({ needs = [], unless }) =>
      needs.every((operation) => subject.operations.includes(operation)) &&
      (unless === undefined || !subject.optOuts.has(unless)),
  );
}
