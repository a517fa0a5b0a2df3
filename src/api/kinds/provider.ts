import { Type, type Static } from "typebox";
import type { KindDefinition } from "./kind-definition.ts";
import { providerRef } from "./provider-ref.ts";
import { providerColumns, providerFields, providerStatus } from "./provider-spec.ts";

export type { ProviderStatus } from "./provider-spec.ts";

const spec = Type.Object({ ...providerFields, providerRef });

/** `spec` of a Provider. */
export type ProviderSpec = Static<typeof spec>;

/** A config object and the provider that works with it, for the ExternalSecrets of one namespace. */
export const provider = {
  apiVersion: "external-secrets.io/v1alpha1",
  kind: "Provider",
  namespaced: true,
  plural: "providers",
  singular: "provider",
  shortNames: ["prov"],
  categories: ["external-secrets"],
  description: "A config object and the provider that works with it, for the ExternalSecrets of its own namespace.",
  printerColumns: providerColumns,
  selectableFields: [],
  spec,
  requiresSpec: true,
  status: providerStatus,
  unservedVersions: [],
} as const satisfies KindDefinition;
