const secretRef = { name: "credentials", namespace: "team", key: "some.key" };
const serviceAccountRef = { name: "robot", namespace: "team", audiences: ["vault"] };

/** Every field of `spec.conditions`, of what is for several namespaces. */
export const wholeConditions = [
  {
    namespaceSelector: {
      matchLabels: { env: "prod" },
      matchExpressions: [{ key: "team", operator: "In", values: ["a"] }],
    },
    namespaces: ["team-a"],
    namespaceRegexes: ["^team-"],
  },
];

/** Every field of a store's `spec.provider.vault`, those with defaults too. */
export const wholeVault = {
  server: "https://vault.example.com:8200",
  path: "secret",
  version: "v1",
  namespace: "team-a",
  auth: {
    namespace: "root",
    tokenSecretRef: secretRef,
    appRole: { path: "approle-2", roleId: "r", roleRef: secretRef, secretRef },
    kubernetes: { mountPath: "k8s", role: "r", secretRef, serviceAccountRef },
    jwt: {
      path: "oidc",
      role: "r",
      secretRef,
      kubernetesServiceAccountToken: { serviceAccountRef, audiences: ["vault"], expirationSeconds: 600 },
    },
    ldap: { path: "ad", username: "u", secretRef },
    userPass: { path: "users", username: "u", secretRef },
    cert: { path: "certs", clientCert: secretRef, secretRef, vaultRole: "r" },
    iam: {
      path: "aws",
      region: "eu-central-1",
      role: "arn:aws:iam::1:role/r",
      vaultRole: "r",
      externalID: "x",
      vaultAwsIamServerID: "vault.example.com",
      jwt: { serviceAccountRef },
      secretRef: {
        accessKeyIDSecretRef: secretRef,
        secretAccessKeySecretRef: secretRef,
        sessionTokenSecretRef: secretRef,
      },
    },
    gcp: {
      path: "google",
      role: "r",
      projectID: "p",
      location: "europe-west3",
      secretRef: { secretAccessKeySecretRef: secretRef },
      serviceAccountRef,
      workloadIdentity: { serviceAccountRef, clusterLocation: "l", clusterName: "n", clusterProjectID: "p" },
    },
  },
  caBundle: "YQ==",
  caProvider: { type: "ConfigMap", name: "bundle", key: "ca.crt", namespace: "team" },
  headers: { "X-Team": "a" },
  checkAndSet: { required: true },
  tls: { certSecretRef: secretRef, keySecretRef: secretRef },
  readYourWrites: true,
  forwardInconsistent: true,
};

/** Every field of a store's `spec.provider.fake`. */
export const wholeFake = { data: [{ key: "a", value: "b", version: "v1" }], validationResult: 2 };

/** Every field of a store's spec beside the provider. */
export const wholeRest = {
  runtimeRef: { kind: "ClusterProviderClass", name: "shared" },
  controller: "team",
  retrySettings: { maxRetries: 5, retryInterval: "10s" },
  refreshInterval: 60,
  conditions: wholeConditions,
};

/** Every field of a store's status. */
export const wholeStatus = {
  capabilities: "ReadWrite",
  conditions: [
    {
      type: "Ready",
      status: "True",
      reason: "Valid",
      message: "store validated",
      lastTransitionTime: "2026-01-31T12:00:00.5+01:00",
    },
  ],
};

/** Where vault's spec refers to a key of a Secret; JSON Pointers from `spec.provider.vault`. */
export const secretRefs = [
  "/auth/tokenSecretRef",
  "/auth/appRole/roleRef",
  "/auth/appRole/secretRef",
  "/auth/kubernetes/secretRef",
  "/auth/jwt/secretRef",
  "/auth/ldap/secretRef",
  "/auth/userPass/secretRef",
  "/auth/cert/clientCert",
  "/auth/cert/secretRef",
  "/auth/iam/secretRef/accessKeyIDSecretRef",
  "/auth/iam/secretRef/secretAccessKeySecretRef",
  "/auth/iam/secretRef/sessionTokenSecretRef",
  "/auth/gcp/secretRef/secretAccessKeySecretRef",
  "/tls/certSecretRef",
  "/tls/keySecretRef",
];

/** Where it refers to a ServiceAccount. */
export const serviceAccountRefs = [
  "/auth/kubernetes/serviceAccountRef",
  "/auth/jwt/kubernetesServiceAccountToken/serviceAccountRef",
  "/auth/iam/jwt/serviceAccountRef",
  "/auth/gcp/serviceAccountRef",
  "/auth/gcp/workloadIdentity/serviceAccountRef",
];
