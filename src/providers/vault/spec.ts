import { Type, type Static } from "typebox";
import { caProvider, secretRef, stringEnum, stringMap, unbuilt } from "../../api/schema.ts";
import { jwt, kubernetes } from "./token-auth.ts";
import { unbuiltAuth } from "./unbuilt-auth.ts";

const appRole = Type.Object(
  {
    path: Type.String({ default: "approle", description: "Where the auth method is mounted." }),
    roleId: Type.Optional(Type.String({ description: "Role ID; wins over roleRef." })),
    roleRef: Type.Optional(secretRef({ description: "Role ID in a Secret." })),
    secretRef: secretRef({ description: "Secret ID in a Secret." }),
  },
  { description: "Log in with role ID and secret ID (AppRole auth method)." },
);

const auth = Type.Object(
  {
    namespace: Type.Optional(
      Type.String({ description: "Vault namespace to log in to; the store's namespace when none is named." }),
    ),
    tokenSecretRef: Type.Optional(secretRef({ description: "Vault token in a Secret." })),
    appRole: Type.Optional(appRole),
    kubernetes: Type.Optional(kubernetes),
    jwt: Type.Optional(jwt),
    ...unbuiltAuth,
  },
  { description: "How to log in; the first that is set counts." },
);

const tls = Type.Object(
  {
    certSecretRef: Type.Optional(
      secretRef({ defaultKey: "tls.crt", description: "Client certificate; key tls.crt when none is named." }),
    ),
    keySecretRef: Type.Optional(
      secretRef({ defaultKey: "tls.key", description: "Its private key; key tls.key when none is named." }),
    ),
  },
  { description: "Client certificate for a server that asks for one; not the auth method of that name." },
);

/** The object under `spec.provider.vault`, field for field ESO's VaultProvider. */
export const spec = Type.Object(
  {
    server: Type.String({ description: "Address of Vault, say https://vault.example.com:8200." }),
    path: Type.Optional(
      Type.String({
        description: "Mount path of the KV engine, say secret; the first part of each key when none is named.",
      }),
    ),
    version: Type.Optional(
      stringEnum(["v1", "v2"], { default: "v2", description: "Version of the KV secrets engine." }),
    ),
    namespace: Type.Optional(Type.String({ description: "Vault namespace (Vault Enterprise, OpenBao)." })),
    auth: Type.Optional(auth),
    caBundle: Type.Optional(
      Type.String({ format: "byte", description: "CA certificates of the server, PEM; the public ones when empty." }),
    ),
    caProvider: Type.Optional(caProvider({ description: "CA certificates of the server in a Secret or ConfigMap." })),
    headers: Type.Optional(stringMap({ description: "Headers of each request to Vault." })),
    checkAndSet: Type.Optional(
      Type.Object(
        { required: Type.Optional(Type.Boolean({ description: "Every write names the version that it replaces." })) },
        { description: "Check-and-set for pushed secrets; KV version 2 only." },
      ),
    ),
    tls: Type.Optional(tls),
    readYourWrites: Type.Optional(
      unbuilt(Type.Boolean({ description: "Send the replication state of earlier writes with each request." })),
    ),
    forwardInconsistent: Type.Optional(
      unbuilt(Type.Boolean({ description: "Let a standby forward such requests to the active node." })),
    ),
  },
  { description: "HashiCorp Vault's KV secrets engine." },
);

/** The checked form of {@link spec}. */
export type VaultSpec = Static<typeof spec>;
