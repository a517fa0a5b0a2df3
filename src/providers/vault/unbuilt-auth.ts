import { Type } from "typebox";
import { secretRef, serviceAccountRef, unbuilt } from "../../api/schema.ts";

const ldap = Type.Object(
  {
    path: Type.String({ default: "ldap", description: "Where the auth method is mounted." }),
    username: Type.String({ description: "LDAP user." }),
    secretRef: Type.Optional(secretRef({ description: "Password of the user." })),
  },
  { description: "Log in with user and password (LDAP auth method)." },
);

const userPass = Type.Object(
  {
    path: Type.String({ default: "userpass", description: "Where the auth method is mounted." }),
    username: Type.String({ description: "User." }),
    secretRef: Type.Optional(secretRef({ description: "Password of the user." })),
  },
  { description: "Log in with user and password (userpass auth method)." },
);

const cert = Type.Object(
  {
    path: Type.Optional(Type.String({ default: "cert", description: "Where the auth method is mounted." })),
    clientCert: Type.Optional(secretRef({ description: "Client certificate." })),
    secretRef: Type.Optional(secretRef({ description: "Private key of the client certificate." })),
    vaultRole: Type.Optional(Type.String({ description: "Vault role to log in as." })),
  },
  { description: "Log in with a client certificate (TLS certificates auth method)." },
);

const iam = Type.Object(
  {
    path: Type.Optional(Type.String({ description: "Where the auth method is mounted." })),
    region: Type.Optional(Type.String({ description: "AWS region." })),
    role: Type.Optional(Type.String({ description: "AWS role to assume first." })),
    vaultRole: Type.String({ description: "Vault role to log in as." }),
    externalID: Type.Optional(Type.String({ description: "External ID for the assumed role." })),
    vaultAwsIamServerID: Type.Optional(Type.String({ description: "Value of X-Vault-AWS-IAM-Server-ID." })),
    jwt: Type.Optional(
      Type.Object(
        { serviceAccountRef: Type.Optional(serviceAccountRef({ description: "ServiceAccount with IRSA." })) },
        { description: "AWS credentials of a ServiceAccount." },
      ),
    ),
    secretRef: Type.Optional(
      Type.Object(
        {
          accessKeyIDSecretRef: Type.Optional(secretRef({ description: "Access key ID." })),
          secretAccessKeySecretRef: Type.Optional(secretRef({ description: "Secret access key." })),
          sessionTokenSecretRef: Type.Optional(secretRef({ description: "Session token of temporary credentials." })),
        },
        { description: "AWS credentials in Secrets." },
      ),
    ),
  },
  { description: "Log in with a signed AWS request (AWS auth method)." },
);

const gcp = Type.Object(
  {
    path: Type.Optional(Type.String({ default: "gcp", description: "Where the auth method is mounted." })),
    role: Type.String({ description: "Vault role to log in as." }),
    projectID: Type.Optional(Type.String({ description: "Google Cloud project." })),
    location: Type.Optional(Type.String({ description: "Location of the secret." })),
    secretRef: Type.Optional(
      Type.Object(
        { secretAccessKeySecretRef: Type.Optional(secretRef({ description: "Service account key as JSON." })) },
        { description: "Google credentials in a Secret." },
      ),
    ),
    serviceAccountRef: Type.Optional(serviceAccountRef({ description: "ServiceAccount to impersonate with." })),
    workloadIdentity: Type.Optional(
      Type.Object(
        {
          serviceAccountRef: serviceAccountRef({ description: "ServiceAccount bound to a Google service account." }),
          clusterLocation: Type.Optional(Type.String({ description: "Location of the cluster." })),
          clusterName: Type.Optional(Type.String({ description: "Name of the cluster." })),
          clusterProjectID: Type.Optional(Type.String({ description: "Project of the cluster." })),
        },
        { description: "Workload Identity." },
      ),
    ),
  },
  { description: "Log in with Google credentials (Google Cloud auth method)." },
);

/** ESO's ways to log in that are in the schema and not built: set, each is InvalidConfig naming it. */
export const unbuiltAuth = {
  ldap: Type.Optional(unbuilt(ldap)),
  userPass: Type.Optional(unbuilt(userPass)),
  cert: Type.Optional(unbuilt(cert)),
  iam: Type.Optional(unbuilt(iam)),
  gcp: Type.Optional(unbuilt(gcp)),
};
