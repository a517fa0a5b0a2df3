import type { SettingTable } from "../../process/settings.ts";

/** Flags of each process that asks an API server. */
export const apiSettings = {
  kubeconfig: {
    flag: "--kubeconfig",
    type: "string",
    doc: "The kubeconfig whose current context is used. By default the pod's own account.",
  },
  systemNamespace: {
    flag: "--system-namespace",
    type: "string",
    doc: "The namespace of the installation. By default the pod's own; outside a cluster: external-secrets.",
  },
} as const satisfies SettingTable;
