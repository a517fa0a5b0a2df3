import { Type, type Static } from "typebox";
import { stringEnum } from "../schema.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { namespaceConditions } from "./namespace-condition.ts";
import { clusterProviderRef } from "./provider-ref.ts";
import { providerColumns, providerFields, providerStatus } from "./provider-spec.ts";

export type { ProviderStatus as ClusterProviderStatus } from "./provider-spec.ts";

const spec = Type.Object({
  ...providerFields,
  providerRef: clusterProviderRef,
  authenticationScope: Type.Optional(
    stringEnum(["ProviderNamespace", "ManifestNamespace"], {
      default: "ProviderNamespace",
      description: "Where what the config object refers to is read: in its own namespace, or in the ExternalSecret's.",
    }),
  ),
  conditions: Type.Optional(namespaceConditions("it")),
});

/** `spec` of a ClusterProvider. */
export type ClusterProviderSpec = Static<typeof spec>;

/** A config object and the provider that works with it, for every namespace that its conditions let in. */
export const clusterProvider = {
  apiVersion: "external-secrets.io/v1alpha1",
  kind: "ClusterProvider",
  namespaced: false,
  plural: "clusterproviders",
  singular: "clusterprovider",
  shortNames: ["cprov"],
  categories: ["external-secrets"],
  description: "A config object and the provider that works with it, for every namespace that its conditions let in.",
  printerColumns: providerColumns,
  selectableFields: [],
  spec,
  requiresSpec: true,
  status: providerStatus,
  unservedVersions: [],
} as const satisfies KindDefinition;
