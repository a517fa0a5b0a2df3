import { Type } from "typebox";
import { statusConditions } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";
import { ageColumn, readyColumn, statusColumn } from "./printer-columns.ts";

/** `status` of the config kinds. */
export const configStatus = Type.Object({
  conditions: Type.Optional(statusConditions),
});

/** Printer columns of the config kinds. */
export const configColumns: readonly PrinterColumn[] = [readyColumn, statusColumn, ageColumn];
