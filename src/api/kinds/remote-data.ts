import { Type, type Static } from "typebox";
import { dataKey, kindName, objectName, stringEnum, stringMap } from "../schema.ts";
import { apiVersion } from "./api-version.ts";
import { configKind, ownStoreKind } from "./rules.ts";

const conversionStrategy = Type.Optional(
  stringEnum(["Default", "Unicode"], { description: "How characters that a Secret's key cannot have are replaced." }),
);
const decodingStrategy = Type.Optional(
  stringEnum(["Auto", "Base64", "Base64URL", "None"], { description: "How fetched values are decoded." }),
);
const nullBytePolicy = Type.Optional(
  stringEnum(["Ignore", "Fail"], { description: "Whether a value that contains a NUL byte is an error." }),
);

/** ESO's ExternalSecretDataRemoteRef: one secret of the backend. */
export const remoteRef = (description: string) =>
  Type.Object(
    {
      key: Type.String({ description: "Name of the secret in the backend." }),
      property: Type.Optional(Type.String({ description: "Property within the value, where the provider has them." })),
      version: Type.Optional(Type.String({ description: "Version of the secret, where the provider has them." })),
      metadataPolicy: Type.Optional(
        stringEnum(["None", "Fetch"], { description: "Fetch: read the tags or labels instead of the value." }),
      ),
      conversionStrategy,
      decodingStrategy,
      nullBytePolicy,
    },
    { description },
  );

/** ESO's ExternalSecretFind: the secrets that a search gives. */
export const find = Type.Object(
  {
    path: Type.Optional(Type.String({ description: "Where the search starts." })),
    name: Type.Optional(
      Type.Object(
        { regexp: Type.Optional(Type.String({ description: "Regular expression (RE2) that names must match." })) },
        { description: "Search by name." },
      ),
    ),
    tags: Type.Optional(stringMap({ description: "Search by tags: all must be there with these values." })),
    conversionStrategy,
    decodingStrategy,
    nullBytePolicy,
  },
  { description: "Every secret that a search by name or tags gives." },
);

/** ESO's SecretStoreRef, with `apiVersion` and two kinds more. */
export const storeRef = Type.Object(
  {
    apiVersion: Type.Optional(
      apiVersion("API version of the kind; external-secrets.io's own when empty. Of another group: a config kind."),
    ),
    kind: Type.Optional(
      kindName(
        "SecretStore, ClusterSecretStore, Provider, ClusterProvider, or a config kind such as Vault; SecretStore when empty.",
      ),
    ),
    name: Type.Optional(objectName("Name of the store.")),
  },
  {
    description: "The store that values are read from.",
    "x-kubernetes-validations": [ownStoreKind.schema, configKind.schema],
  },
);

const generatorKinds = [
  "ACRAccessToken",
  "BeyondtrustWorkloadCredentialsDynamicSecret",
  "ClusterGenerator",
  "CloudsmithAccessToken",
  "ECRAuthorizationToken",
  "Fake",
  "GCRAccessToken",
  "GithubAccessToken",
  "GitlabDeployToken",
  "QuayAccessToken",
  "Password",
  "SSHKey",
  "STSSessionToken",
  "UUID",
  "VaultDynamicSecret",
  "Webhook",
  "Grafana",
  "MFA",
] as const;

const generatorRef = Type.Object(
  {
    apiVersion: Type.Optional(
      Type.String({ default: "generators.external-secrets.io/v1alpha1", description: "API version of the generator." }),
    ),
    kind: stringEnum(generatorKinds, { description: "Kind of the generator." }),
    name: objectName("Name of the generator."),
  },
  { description: "A generator that makes the values." },
);

/** ESO's StoreSourceRef and StoreGeneratorSourceRef: another source than the ExternalSecret's own store. */
export const sourceRef = Type.Object(
  { storeRef: Type.Optional(storeRef), generatorRef: Type.Optional(generatorRef) },
  { description: "Another source than spec.secretStoreRef.", minProperties: 1, maxProperties: 1 },
);

/** ESO's ExternalSecretRewrite: one step that changes the keys of what was fetched. */
export const rewrite = Type.Object(
  {
    regexp: Type.Optional(
      Type.Object(
        {
          source: Type.String({ description: "Regular expression (RE2) of what is replaced in each key." }),
          target: Type.String({ description: "What replaces it; $1 and ${name} stand for groups." }),
        },
        { description: "Replaces by regular expression." },
      ),
    ),
    transform: Type.Optional(
      Type.Object(
        { template: Type.String({ description: "Go template that makes the new key from .value." }) },
        { description: "Replaces by template." },
      ),
    ),
    merge: Type.Optional(
      Type.Object(
        {
          into: Type.Optional(Type.String({ default: "", description: "Key of the result, for strategy JSON." })),
          strategy: Type.Optional(
            stringEnum(["Extract", "JSON"], {
              default: "Extract",
              description: "Extract: the merged keys are the result. JSON: they are one JSON value under `into`.",
            }),
          ),
          priority: Type.Optional(
            Type.Array(Type.String(), { description: "Keys that are merged last, so that they win, in this order." }),
          ),
          priorityPolicy: Type.Optional(
            stringEnum(["IgnoreNotFound", "Strict"], {
              default: "Strict",
              description: "Whether a key of `priority` that does not exist is an error.",
            }),
          ),
          conflictPolicy: Type.Optional(
            stringEnum(["Ignore", "Error"], {
              default: "Error",
              description: "Whether a key that two values have is an error.",
            }),
          ),
        },
        { description: "Merges values that are JSON objects." },
      ),
    ),
  },
  { minProperties: 1, maxProperties: 1 },
);

/** ESO's ExternalSecretData: one key of the target. */
export const data = Type.Object({
  secretKey: dataKey("Key of the target Secret."),
  remoteRef: remoteRef("The secret whose value goes under the key."),
  sourceRef: Type.Optional(sourceRef),
});

/** ESO's ExternalSecretDataFromRemoteRef: many keys of the target. */
export const dataFrom = Type.Object({
  extract: Type.Optional(remoteRef("One secret, each of whose properties becomes a key.")),
  find: Type.Optional(find),
  rewrite: Type.Optional(Type.Array(rewrite, { description: "Steps that change the fetched keys, in order." })),
  sourceRef: Type.Optional(sourceRef),
});

/** Static type of {@link data}. */
export type ExternalSecretData = Static<typeof data>;
/** Static type of {@link dataFrom}. */
export type ExternalSecretDataFrom = Static<typeof dataFrom>;
/** Static type of {@link rewrite}. */
export type ExternalSecretRewrite = Static<typeof rewrite>;
/** Static type of {@link storeRef}. */
export type SecretStoreRef = Static<typeof storeRef>;
/** Static type of {@link sourceRef}. */
export type SourceRef = Static<typeof sourceRef>;
