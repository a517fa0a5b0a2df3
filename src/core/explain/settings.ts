import { apiSettings } from "../../cluster/kubernetes/settings.ts";
import type { SettingTable, SettingValues } from "../../process/settings.ts";

/** Flags of `outboard explain`. */
export const explainSettings = {
  namespace: {
    flag: "--namespace",
    short: "-n",
    type: "string",
    default: "default",
    doc: "Namespace of the ExternalSecret.",
  },
  ...apiSettings,
} as const satisfies SettingTable;

/** What {@link explainSettings} parse to. */
export type ExplainSettings = SettingValues<typeof explainSettings>;
