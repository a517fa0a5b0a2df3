import type { KindDefinition } from "./kind-definition.ts";
import { secretStoreSpec, storeColumns, storeStatus } from "./store-spec.ts";

export type { ProviderRef } from "./provider-ref.ts";
export type { ProviderClassKind, SecretStoreSpec, SecretStoreStatus } from "./store-spec.ts";

/** ESO's SecretStore: a backend for the ExternalSecrets of one namespace. */
export const secretStore = {
  apiVersion: "external-secrets.io/v1",
  kind: "SecretStore",
  namespaced: true,
  plural: "secretstores",
  singular: "secretstore",
  shortNames: ["ss"],
  categories: ["external-secrets"],
  description: "A secrets backend, for the ExternalSecrets of its own namespace.",
  printerColumns: storeColumns,
  selectableFields: [],
  spec: secretStoreSpec,
  status: storeStatus,
  unservedVersions: ["v1beta1"],
} as const satisfies KindDefinition;
