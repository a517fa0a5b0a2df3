import { Type, type Static, type TSchema } from "typebox";
import { intOrString, objectName, stringEnum } from "../schema.ts";
import { statusConditions } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";
import { namespaceConditions } from "./namespace-condition.ts";
import { ageColumn, readyColumn, statusColumn } from "./printer-columns.ts";
import { clusterProviderRef, providerRef } from "./provider-ref.ts";
import { notTwoBackends, oneBackend } from "./rules.ts";

/** ESO's SecretStoreRetrySettings. */
export const retrySettings = Type.Object(
  {
    maxRetries: Type.Optional(
      Type.Integer({ format: "int32", description: "How often a failed request is repeated." }),
    ),
    retryInterval: Type.Optional(Type.String({ description: "Pause between two attempts, a Go duration." })),
  },
  { description: "HTTP retries, for the providers that honour them." },
);

/** ESO's `controller` of a store. */
export const controller = Type.Optional(
  Type.String({ description: "Class of the operator that handles this store; empty: any operator." }),
);

/** `refreshInterval` of a store. */
export const refreshInterval = Type.Optional(
  intOrString({ description: "How often the store is validated again: seconds, or a Go duration." }),
);

/** Kinds that a store's `runtimeRef` can name. */
export type ProviderClassKind = "ProviderClass" | "ClusterProviderClass";

/** `runtimeRef` of a store; the first of `kinds` is meant when none is named. */
const runtimeRef = (kinds: readonly [ProviderClassKind, ...ProviderClassKind[]]) =>
  Type.Object(
    {
      kind: stringEnum(kinds, { default: kinds[0], description: "Kind of the class." }),
      name: objectName("Name of the class."),
    },
    { description: "The class that says where the provider of this store runs." },
  );

/**
 * `spec` of SecretStore and ClusterSecretStore; ESO's are the same schema, `runtimeRef` and `providerRef` are the
 * out-of-process prototype's. `provider` is open here: the schema of each
 * key belongs to its provider and is joined into the CRDs only.
 */
const storeSpec = <Ref extends TSchema>(config: Ref, classes: readonly [ProviderClassKind, ...ProviderClassKind[]]) =>
  Type.Object(
    {
      controller,
      provider: Type.Optional(
        Type.Unsafe<Readonly<Record<string, unknown>>>({
          type: "object",
          description: "The backend and how to reach it, under exactly one key.",
          minProperties: 1,
          maxProperties: 1,
          "x-kubernetes-preserve-unknown-fields": true,
        }),
      ),
      providerRef: Type.Optional(config),
      runtimeRef: Type.Optional(runtimeRef(classes)),
      retrySettings: Type.Optional(retrySettings),
      refreshInterval,
      conditions: Type.Optional(namespaceConditions("a ClusterSecretStore")),
    },
    { "x-kubernetes-validations": [oneBackend.schema, notTwoBackends.schema] },
  );

/** `spec` of a SecretStore. */
export const secretStoreSpec = storeSpec(providerRef, ["ProviderClass", "ClusterProviderClass"]);
/** `spec` of a ClusterSecretStore: it belongs to no namespace, so no class of a namespace can be meant. */
export const clusterSecretStoreSpec = storeSpec(clusterProviderRef, ["ClusterProviderClass"]);

/** `status` of both kinds of store. */
export const storeStatus = Type.Object({
  capabilities: Type.Optional(Type.String({ description: "ReadOnly, WriteOnly or ReadWrite." })),
  conditions: Type.Optional(statusConditions),
});

/** Printer columns of both kinds of store. */
export const storeColumns: readonly PrinterColumn[] = [
  ageColumn,
  statusColumn,
  { name: "Capabilities", type: "string", jsonPath: ".status.capabilities" },
  readyColumn,
];

/** Static type of both kinds' `spec`. */
export type SecretStoreSpec = Static<typeof secretStoreSpec>;
/** Static type of {@link storeStatus}. */
export type SecretStoreStatus = Static<typeof storeStatus>;
