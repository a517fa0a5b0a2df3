import { Type, type Static } from "typebox";
import { statusConditions } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";
import { ageColumn, readyColumn, statusColumn } from "./printer-columns.ts";
import { address } from "./provider-class-spec.ts";
import { controller, refreshInterval, retrySettings } from "./store-spec.ts";

/** What `spec` of Provider and ClusterProvider share. */
export const providerFields = {
  controller,
  address: Type.Optional(
    address("Where the provider listens: SERVICE.NAMESPACE.svc:PORT. Empty: the approved one that serves the kind."),
  ),
  refreshInterval,
  retrySettings: Type.Optional(retrySettings),
};

/** `status` of Provider and ClusterProvider. */
export const providerStatus = Type.Object({
  conditions: Type.Optional(statusConditions),
  capabilities: Type.Optional(Type.String({ description: "ReadOnly, WriteOnly or ReadWrite." })),
  endpoint: Type.Optional(Type.String({ description: "The Service that answers: SERVICE.NAMESPACE.svc:PORT." })),
  protocol: Type.Optional(Type.String({ description: "What it speaks: outboard.v1 or provider.v1." })),
  providerVersion: Type.Optional(Type.String({ description: "Which version it says it is." })),
});

/** Printer columns of Provider and ClusterProvider. */
export const providerColumns: readonly PrinterColumn[] = [
  { name: "Address", type: "string", jsonPath: ".status.endpoint" },
  readyColumn,
  statusColumn,
  { name: "Capabilities", type: "string", jsonPath: ".status.capabilities" },
  ageColumn,
];

/** Static type of {@link providerStatus}. */
export type ProviderStatus = Static<typeof providerStatus>;
