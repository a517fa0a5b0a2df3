import { Type, type Static } from "typebox";
import type { KindDefinition } from "./kind-definition.ts";
import { classAddress, classColumns, classStatus, tls } from "./provider-class-spec.ts";

const spec = Type.Object({ address: classAddress, tls: Type.Optional(tls("the namespace of the ProviderClass")) });

/** `spec` of a ProviderClass. */
export type ProviderClassSpec = Static<typeof spec>;
/** `status` of both kinds of class. */
export type ProviderClassStatus = Static<typeof classStatus>;

/** Where a provider runs and how it is trusted, for the SecretStores of one namespace that name the class. */
export const providerClass = {
  apiVersion: "external-secrets.io/v1alpha1",
  kind: "ProviderClass",
  namespaced: true,
  plural: "providerclasses",
  singular: "providerclass",
  shortNames: ["pc"],
  categories: ["external-secrets"],
  description: "Where a provider runs and how it is trusted, for the SecretStores of its own namespace that name it.",
  printerColumns: classColumns,
  selectableFields: [],
  spec,
  requiresSpec: true,
  status: classStatus,
  unservedVersions: [],
} as const satisfies KindDefinition;
