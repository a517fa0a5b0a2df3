import { errorTable, type ProviderError } from "../../../api/errors.ts";
import type { ProviderClassStatus } from "../../../api/kinds/provider-class.ts";
import type { EventRecord } from "../../../cluster/cluster.ts";
import type { ProviderClassObject } from "../../kinds.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import { readyOf, withReady, type Ready } from "../condition.ts";
import { eventText } from "../event-text.ts";

/** What is wrong with a class; undefined: stores can use it. */
export type ClassFinding = ProviderError | undefined;

/** What a look at a class leads to. */
export interface ClassReport {
  readonly status: ProviderClassStatus;
  /** Absent: its condition says the same as before. */
  readonly event?: EventRecord;
}

/** Status and event after a look at a class. */
export function classReport({ status }: ProviderClassObject, finding: ClassFinding, now: number): ClassReport {
  const ready = readyFrom(finding);
  const next = { ...status, conditions: [...withReady(status?.conditions, ready, now)] };
  const { status: held, message } = readyOf(status?.conditions) ?? {};
  if (held === ready.status && message === ready.message) return { status: next };
  const type = ready.status === "True" ? "Normal" : "Warning";
  return { status: next, event: { type, reason: ready.reason, message: ready.message } };
}

function readyFrom(finding: ClassFinding): Ready {
  if (finding === undefined) {
    return { status: "True", reason: "Valid", message: "address and certificates can be used" };
  }
  const reason = finding instanceof ResolutionError ? finding.reason : errorTable[finding.code].reason;
  return { status: "False", reason, message: eventText(finding.message) };
}
