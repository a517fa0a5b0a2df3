import { errorTable } from "../../../api/errors.ts";
import type { SecretStoreStatus } from "../../../api/kinds/secret-store.ts";
import type { EventRecord } from "../../../cluster/cluster.ts";
import type { StoreObject } from "../../kinds.ts";
import { readyOf, withReady, type Ready } from "../condition.ts";
import { eventText } from "../event-text.ts";
import type { Validation } from "./validate.ts";

/** What a validation leads to. */
export interface StoreReport {
  readonly status: SecretStoreStatus;
  /** Absent: there is nothing new to tell. */
  readonly event?: EventRecord;
}

/**
 * Status and event after a validation. A failure has its event each time; `Valid` only when the store was not Ready
 * before, where ESO repeats it at each look (a write every five minutes for each store, for nothing new).
 */
export function reportOf(object: StoreObject, validation: Validation, now: number): StoreReport {
  const ready = readyFrom(validation);
  const conditions = [...withReady(object.status?.conditions, ready, now)];
  const status = { ...object.status, conditions };
  if (!validation.valid) {
    const { error } = validation;
    return { status, event: { type: "Warning", reason: ready.reason, message: eventText(error.message) } };
  }
  const { capabilities } = validation;
  const wasReady = readyOf(object.status?.conditions)?.status === "True";
  return {
    status: capabilities === undefined ? status : { ...status, capabilities },
    ...(!wasReady && { event: { type: "Normal", reason: "Valid", message: "store validated" } }),
  };
}

function readyFrom(validation: Validation): Ready {
  if (validation.valid) return { status: "True", reason: "Valid", message: "store validated" };
  const { step, error } = validation;
  const { reason } = errorTable[error.code];
  if (step === "client") return { status: "False", reason, message: "unable to create client" };
  if (step === "validate") return { status: "False", reason, message: "unable to validate store" };
  // Not among ESO's cases: there every provider is linked in. So the condition itself says what is missing.
  const missing = error.code === "InvalidConfig" ? "ProviderNotFound" : reason;
  return { status: "False", reason: missing, message: eventText(error.message) };
}
