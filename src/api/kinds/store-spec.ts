import { Type, type Static } from "typebox";
import { intOrString, namespaceName, stringMap } from "../schema.ts";
import { conditionOf } from "./condition.ts";
import type { PrinterColumn } from "./kind-definition.ts";

const labelSelector = Type.Object(
  {
    matchLabels: Type.Optional(stringMap({ description: "Labels that must all be there with these values." })),
    matchExpressions: Type.Optional(
      Type.Array(
        Type.Object({
          key: Type.String({ description: "Label that the rule looks at." }),
          operator: Type.String({ description: "In, NotIn, Exists or DoesNotExist." }),
          values: Type.Optional(
            Type.Array(Type.String(), {
              description: "Values for In and NotIn; empty for the others.",
              "x-kubernetes-list-type": "atomic",
            }),
          ),
        }),
        { description: "Rules that must all hold.", "x-kubernetes-list-type": "atomic" },
      ),
    ),
  },
  { description: "Namespaces by their labels.", "x-kubernetes-map-type": "atomic" },
);

const namespaceCondition = Type.Object({
  namespaceSelector: Type.Optional(labelSelector),
  namespaces: Type.Optional(Type.Array(namespaceName(), { description: "Namespaces by name." })),
  namespaceRegexes: Type.Optional(
    Type.Array(Type.String(), { description: "Namespaces by regular expression (RE2, not anchored)." }),
  ),
});

const retrySettings = Type.Object(
  {
    maxRetries: Type.Optional(
      Type.Integer({ format: "int32", description: "How often a failed request is repeated." }),
    ),
    retryInterval: Type.Optional(Type.String({ description: "Pause between two attempts, a Go duration." })),
  },
  { description: "HTTP retries, for the providers that honour them." },
);

/**
 * `spec` of SecretStore and ClusterSecretStore; ESO's are the same schema. `provider` is open here: the schema of each
 * key belongs to its provider and is joined into the CRDs only.
 */
export const storeSpec = Type.Object({
  controller: Type.Optional(
    Type.String({ description: "Class of the operator that handles this store; empty: any operator." }),
  ),
  provider: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: "object",
    description: "The backend and how to reach it, under exactly one key.",
    minProperties: 1,
    maxProperties: 1,
    "x-kubernetes-preserve-unknown-fields": true,
  }),
  retrySettings: Type.Optional(retrySettings),
  refreshInterval: Type.Optional(
    intOrString({ description: "How often the store is validated again: seconds, or a Go duration." }),
  ),
  conditions: Type.Optional(
    Type.Array(namespaceCondition, {
      description: "Which namespaces may use a ClusterSecretStore: those that match any entry. Empty: all.",
    }),
  ),
});

/** `status` of both kinds of store. */
export const storeStatus = Type.Object({
  capabilities: Type.Optional(Type.String({ description: "ReadOnly, WriteOnly or ReadWrite." })),
  conditions: Type.Optional(Type.Array(conditionOf(Type.String()), { description: "Ready, and why." })),
});

/** Printer columns of both kinds of store. */
export const storeColumns: readonly PrinterColumn[] = [
  { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Status", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].reason' },
  { name: "Capabilities", type: "string", jsonPath: ".status.capabilities" },
  { name: "Ready", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
];

/** Static type of {@link storeSpec}. */
export type SecretStoreSpec = Static<typeof storeSpec>;
/** Static type of {@link storeStatus}. */
export type SecretStoreStatus = Static<typeof storeStatus>;
/** One entry of a store's `spec.conditions`. */
export type NamespaceCondition = Static<typeof namespaceCondition>;
/** Kubernetes' LabelSelector (meta/v1). */
export type LabelSelector = Static<typeof labelSelector>;
