import { Type } from "typebox";
import { secretRef, serviceAccountRef } from "../../api/schema.ts";
import { defaultAudiences } from "./audiences.ts";

/** ESO's VaultKubernetesAuth. */
export const kubernetes = Type.Object(
  {
    mountPath: Type.String({ default: "kubernetes", description: "Where the auth method is mounted." }),
    role: Type.String({ description: "Vault role to log in as." }),
    secretRef: Type.Optional(
      secretRef({
        defaultKey: "token",
        description: "ServiceAccount token in a Secret; key token when none is named.",
      }),
    ),
    serviceAccountRef: Type.Optional(
      serviceAccountRef({ apiServerToken: true, description: "ServiceAccount whose token logs in." }),
    ),
  },
  { description: "Log in with a ServiceAccount token (Kubernetes auth method)." },
);

/** ESO's VaultJwtAuth. */
export const jwt = Type.Object(
  {
    path: Type.String({ default: "jwt", description: "Where the auth method is mounted." }),
    role: Type.Optional(Type.String({ description: "Vault role to log in as." })),
    secretRef: Type.Optional(secretRef({ description: "JWT in a Secret." })),
    kubernetesServiceAccountToken: Type.Optional(
      Type.Object(
        {
          serviceAccountRef: serviceAccountRef({
            audiences: defaultAudiences,
            audiencesField: "audiences",
            description: "ServiceAccount whose token logs in.",
          }),
          audiences: Type.Optional(
            Type.Array(Type.String(), {
              description: "Deprecated: name audiences in serviceAccountRef. vault when empty.",
            }),
          ),
          expirationSeconds: Type.Optional(
            Type.Integer({
              format: "int64",
              description: "Deprecated and without effect: a token lives for ten minutes.",
            }),
          ),
        },
        { description: "Token of a ServiceAccount." },
      ),
    ),
  },
  { description: "Log in with a JWT (JWT/OIDC auth method)." },
);
