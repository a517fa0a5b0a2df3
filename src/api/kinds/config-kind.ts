import { Type } from "typebox";
import { conditionOf, conditionType } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";

/** `status` of the config kinds. */
export const configStatus = Type.Object({
  conditions: Type.Optional(Type.Array(conditionOf(conditionType), { description: "Ready, and why." })),
});

/** Printer columns of the config kinds. */
export const configColumns: readonly PrinterColumn[] = [
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: "Status", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp" },
];
