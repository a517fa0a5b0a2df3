import { Type, type Static } from "typebox";
import { namespaceName, stringMap } from "../schema.ts";

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

/** ESO's ClusterSecretStoreCondition: which namespaces may use an object of the cluster. */
const namespaceCondition = Type.Object({
  namespaceSelector: Type.Optional(labelSelector),
  namespaces: Type.Optional(Type.Array(namespaceName(), { description: "Namespaces by name." })),
  namespaceRegexes: Type.Optional(
    Type.Array(Type.String(), { description: "Namespaces by regular expression (RE2, not anchored)." }),
  ),
});

/** `conditions` of an object of the cluster; `what` names it. */
export const namespaceConditions = (what: string) =>
  Type.Array(namespaceCondition, {
    description: `Which namespaces may use ${what}: those that match any entry. Empty: all.`,
  });

/** Static type of {@link namespaceCondition}. */
export type NamespaceCondition = Static<typeof namespaceCondition>;
/** Kubernetes' LabelSelector (meta/v1). */
export type LabelSelector = Static<typeof labelSelector>;
