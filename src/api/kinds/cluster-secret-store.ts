import type { KindDefinition } from "./kind-definition.ts";
import { clusterSecretStoreSpec, storeColumns, storeStatus } from "./store-spec.ts";

export type {
  SecretStoreSpec as ClusterSecretStoreSpec,
  SecretStoreStatus as ClusterSecretStoreStatus,
} from "./store-spec.ts";

/** ESO's ClusterSecretStore: a backend for every namespace that its conditions let in. */
export const clusterSecretStore = {
  apiVersion: "external-secrets.io/v1",
  kind: "ClusterSecretStore",
  namespaced: false,
  plural: "clustersecretstores",
  singular: "clustersecretstore",
  shortNames: ["css"],
  categories: ["external-secrets"],
  description: "A secrets backend, for the ExternalSecrets of every namespace that its conditions let in.",
  printerColumns: storeColumns,
  selectableFields: [],
  spec: clusterSecretStoreSpec,
  status: storeStatus,
  unservedVersions: ["v1beta1"],
} as const satisfies KindDefinition;
