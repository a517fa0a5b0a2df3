import type { PrinterColumn } from "./kind-definition.ts";

/** The status of condition Ready. */
export const readyColumn = {
  name: "Ready",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
} as const satisfies PrinterColumn;

/** The reason of condition Ready; ESO calls it the status. */
export const statusColumn = {
  name: "Status",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
} as const satisfies PrinterColumn;

/** How old the object is. */
export const ageColumn = {
  name: "AGE",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
} as const satisfies PrinterColumn;
