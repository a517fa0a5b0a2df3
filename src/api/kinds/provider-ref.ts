import { Type, type Static } from "typebox";
import { kindName, namespaceName, objectName } from "../schema.ts";
import { apiVersion } from "./api-version.ts";
import { noNamespace } from "./rules.ts";

const fields = {
  apiVersion: apiVersion("API version of the config kind, say provider.external-secrets.io/v2alpha1."),
  kind: kindName("The config kind, say Vault."),
  name: objectName("Name of the config object."),
};

const description = "The object that holds the provider's configuration.";

/** `providerRef` of what belongs to no namespace. */
export const clusterProviderRef = Type.Object(
  {
    ...fields,
    namespace: Type.Optional(namespaceName("Namespace of the config object; the caller's when none is named.")),
  },
  { description },
);

/** `providerRef` of what belongs to a namespace: its config object is in that one. */
export const providerRef = Type.Object(
  { ...fields, namespace: Type.Optional(namespaceName("Not to be set: the config object is in the same namespace.")) },
  { description, "x-kubernetes-validations": [noNamespace.schema] },
);

/** Names a config object, such as a Vault of provider.external-secrets.io. */
export type ProviderRef = Static<typeof clusterProviderRef>;
