import type { EventRecord, ObjectKey } from "../../../cluster/cluster.ts";
import type { NamespaceObject, SecretObject, SecretWrite } from "../../../cluster/objects.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { StoreObject } from "../../kinds.ts";
import type { CoreStore } from "../../store.ts";
import type { Ready } from "../condition.ts";
import type { Failure } from "./failure.ts";
import type { Source } from "./reads.ts";

/** What a plan looks at, beside the ExternalSecret itself. */
export interface World {
  /** The target as it is. */
  readonly secret: SecretObject | undefined;
  /** Secrets that the ExternalSecret made under another name than the target's. */
  readonly orphans: readonly SecretObject[];
  readonly namespace: NamespaceObject;
  readonly store: (ref: StoreRef) => StoreObject | undefined;
  /** The same as it is used; undefined: it cannot be. */
  readonly usableStore: (ref: StoreRef) => CoreStore | undefined;
}

/** What of the settings plans depend on. */
export interface PlanSettings {
  readonly controllerClass: string;
  readonly enableFloodGate: boolean;
}

/** First half of a plan: what is to be read. */
export type ReadPlan =
  /** Not ours, nothing due, or not yet: no request, no status. */
  | { readonly step: "rest"; readonly outcome: Outcome }
  | { readonly step: "fail"; readonly failure: Failure }
  | { readonly step: "read"; readonly sources: readonly Source[] };

/** One write to the cluster, the event that tells of it, and what the condition says when it fails. */
export type Write = { readonly event: EventRecord; readonly condition: string } & (
  | { readonly op: "create"; readonly secret: SecretWrite }
  | { readonly op: "update"; readonly secret: SecretWrite; readonly resourceVersion: string }
  | { readonly op: "remove"; readonly key: ObjectKey; readonly uid: string }
);

/** Second half of a plan: what is to be written. */
export type WritePlan =
  | { readonly step: "fail"; readonly failure: Failure }
  | {
      readonly step: "write";
      readonly writes: readonly Write[];
      readonly ready: Ready;
      /** Name for `status.binding`; absent: it stays as it is. */
      readonly binding?: string;
    };
