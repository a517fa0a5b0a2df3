import { errorTable } from "../../../api/errors.ts";
import type { ProviderStatus } from "../../../api/kinds/provider.ts";
import type { EventRecord } from "../../../cluster/cluster.ts";
import type { ReferencesOf } from "../../credentials/store-references.ts";
import type { StoreObject } from "../../kinds.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import { readyOf, timestamp, withReady, type HeldCondition, type Ready } from "../condition.ts";
import { eventText } from "../event-text.ts";
import type { PeerInfo } from "../../served-by.ts";
import type { CoreStore } from "../../store.ts";
import type { Validation } from "./validate.ts";
import { storeWarnings } from "./warnings.ts";

/** Who serves a store, as its status says it. */
export interface Serving {
  /** Several are approved for it: who they are. */
  readonly conflict?: string;
  readonly peer?: PeerInfo;
}

/** What a look at a store found. */
export interface StoreFinding {
  readonly object: StoreObject;
  /** Undefined: it cannot be used as it is, or not without a caller. */
  readonly store: CoreStore | undefined;
  readonly validation: Validation;
  readonly serving?: Serving | undefined;
}

/** What a validation leads to. */
export interface StoreReport {
  readonly status: ProviderStatus;
  /** None: there is nothing new to tell. */
  readonly events: readonly EventRecord[];
}

/**
 * Status and events after a validation. A failure has its event each time; `Valid`, and what there is to say beside it,
 * only when the store was not Ready before, where ESO repeats them at each look (a write every five minutes for each
 * store, for nothing new). `references` says which paths of a spec refer to Kubernetes.
 */
export function reportOf(finding: StoreFinding, references: ReferencesOf, now: number): StoreReport {
  const { object, store, validation, serving = {} } = finding;
  const ready = readyFrom(validation);
  const before = object.status?.conditions;
  const conditions = [...withConflict(withReady(before, ready, now), before, serving.conflict, now)];
  const status = { ...object.status, ...peerFields(serving), conditions };
  const conflicts = conflictEvents(before, serving.conflict);
  if (validation.result === "deferred") {
    const wasReady = readyOf(before)?.status === "True";
    return { status, events: wasReady ? [] : [{ type: "Warning", reason: ready.reason, message: ready.message }] };
  }
  if (validation.result !== "valid") {
    const message = eventText(validation.error.message);
    return { status, events: [{ type: "Warning", reason: ready.reason, message }, ...conflicts] };
  }
  const { capabilities } = validation;
  const wasReady = readyOf(object.status?.conditions)?.status === "True";
  const valid: EventRecord = { type: "Normal", reason: "Valid", message: "store validated" };
  return {
    // A config kind, whoever's it is, has conditions and nothing more.
    status: capabilities === undefined || object.config !== undefined ? status : { ...status, capabilities },
    events: [
      ...(wasReady || store === undefined ? [] : [valid, ...storeWarnings(object, store, references)]),
      ...conflicts,
    ],
  };
}

function readyFrom(validation: Validation): Ready {
  if (validation.result === "valid") return { status: "True", reason: "Valid", message: "store validated" };
  if (validation.result === "deferred") {
    return {
      status: "True",
      reason: "ValidationUnknown",
      message: "the configuration is in the namespace of each caller",
    };
  }
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

const conflictType = "ProviderConflict";

/** The condition that several Services are approved for a store stands beside Ready for as long as it is so. */
function withConflict(
  conditions: readonly HeldCondition[],
  before: readonly HeldCondition[] = [],
  conflict: string | undefined,
  now: number,
): readonly HeldCondition[] {
  const others = conditions.filter(({ type }) => type !== conflictType);
  if (conflict === undefined) return others;
  const lastTransitionTime = before.find(({ type }) => type === conflictType)?.lastTransitionTime ?? timestamp(now);
  const condition = { type: conflictType, status: "True", reason: conflictType, message: eventText(conflict) };
  return [...others, { ...condition, lastTransitionTime }];
}

function conflictEvents(before: readonly HeldCondition[] = [], conflict: string | undefined): readonly EventRecord[] {
  if (conflict === undefined) return [];
  const message = eventText(conflict);
  const isTold = before.some((condition) => condition.type === conflictType && condition.message === message);
  return isTold ? [] : [{ type: "Warning", reason: conflictType, message }];
}

function peerFields({ peer }: Serving): Pick<ProviderStatus, "endpoint" | "protocol" | "providerVersion"> {
  if (peer === undefined) return {};
  const { endpoint, protocol, version } = peer;
  return { endpoint, protocol, ...(version !== "" && { providerVersion: version }) };
}
