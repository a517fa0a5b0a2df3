import type { SettingTable, SettingValues } from "../process/settings.ts";

/** Flags of core; where ESO has the flag, its name and (but for --concurrent) its default are ESO's. */
export const coreSettings = {
  concurrent: {
    flag: "--concurrent",
    type: "integer",
    default: 50,
    min: 1,
    max: 10_000,
    doc: "How many objects of each kind are reconciled at once.",
  },
  controllerClass: {
    flag: "--controller-class",
    type: "string",
    default: "default",
    doc: "Handle stores whose spec.controller is empty or this.",
  },
  storeRequeueInterval: {
    flag: "--store-requeue-interval",
    type: "duration",
    default: "5m0s",
    doc: "How often stores without a refreshInterval are validated.",
  },
  enableFloodGate: {
    flag: "--enable-flood-gate",
    type: "boolean",
    default: true,
    doc: "Read only from stores that are Ready.",
  },
} as const satisfies SettingTable;

/** What {@link coreSettings} parse to. */
export type CoreSettings = SettingValues<typeof coreSettings>;
