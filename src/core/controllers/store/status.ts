import { errorTable } from "../../../api/errors.ts";
import type { SecretStoreStatus } from "../../../api/kinds/secret-store.ts";
import type { EventRecord } from "../../../cluster/cluster.ts";
import type { ReferenceTable } from "../../credentials/store-references.ts";
import type { StoreObject } from "../../kinds.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import { readyOf, withReady, type Ready } from "../condition.ts";
import { eventText } from "../event-text.ts";
import type { Validation } from "./validate.ts";
import { storeWarnings } from "./warnings.ts";

/** What a validation leads to. */
export interface StoreReport {
  readonly status: SecretStoreStatus;
  /** None: there is nothing new to tell. */
  readonly events: readonly EventRecord[];
}

/**
 * Status and events after a validation. A failure has its event each time; `Valid`, and what there is to say beside it,
 * only when the store was not Ready before, where ESO repeats them at each look (a write every five minutes for each
 * store, for nothing new). `references` is the table of marked paths.
 */
export function reportOf(
  object: StoreObject,
  validation: Validation,
  references: ReferenceTable,
  now: number,
): StoreReport {
  const ready = readyFrom(validation);
  const conditions = [...withReady(object.status?.conditions, ready, now)];
  const status = { ...object.status, conditions };
  if (validation.result !== "valid") {
    const message = eventText(validation.error.message);
    return { status, events: [{ type: "Warning", reason: ready.reason, message }] };
  }
  const { capabilities } = validation;
  const wasReady = readyOf(object.status?.conditions)?.status === "True";
  const valid: EventRecord = { type: "Normal", reason: "Valid", message: "store validated" };
  return {
    status: capabilities === undefined ? status : { ...status, capabilities },
    events: wasReady ? [] : [valid, ...storeWarnings(object, references)],
  };
}

function readyFrom(validation: Validation): Ready {
  if (validation.result === "valid") return { status: "True", reason: "Valid", message: "store validated" };
  if (validation.result === "undetermined") {
    return { status: "True", reason: "ValidationUnknown", message: "could not determine validation status" };
  }
  const { step, error } = validation;
  // Not among ESO's cases: there every provider is linked in. So the condition itself says what is missing.
  if (error instanceof ResolutionError) {
    return { status: "False", reason: error.reason, message: eventText(error.message) };
  }
  const { reason } = errorTable[error.code];
  const message = step === "client" ? "unable to create client" : "unable to validate store";
  return { status: "False", reason, message };
}
