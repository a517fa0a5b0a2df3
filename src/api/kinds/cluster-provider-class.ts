import { Type, type Static } from "typebox";
import type { KindDefinition } from "./kind-definition.ts";
import { namespaceConditions } from "./namespace-condition.ts";
import { classAddress, classColumns, classStatus, tls } from "./provider-class-spec.ts";

const spec = Type.Object({
  address: classAddress,
  tls: Type.Optional(tls("the namespace that Outboard runs in")),
  conditions: Type.Optional(namespaceConditions("the class")),
});

/** `spec` of a ClusterProviderClass. */
export type ClusterProviderClassSpec = Static<typeof spec>;

/** Where a provider runs and how it is trusted, for stores of every namespace that its conditions let in. */
export const clusterProviderClass = {
  apiVersion: "external-secrets.io/v1alpha1",
  kind: "ClusterProviderClass",
  namespaced: false,
  plural: "clusterproviderclasses",
  singular: "clusterproviderclass",
  shortNames: ["cpc"],
  categories: ["external-secrets"],
  description: "Where a provider runs and how it is trusted, for stores of every namespace that its conditions let in.",
  printerColumns: classColumns,
  selectableFields: [],
  spec,
  requiresSpec: true,
  status: classStatus,
  unservedVersions: [],
} as const satisfies KindDefinition;
