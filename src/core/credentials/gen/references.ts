// Made by scripts/generate.mjs from the providers' spec.ts; do not edit.
import type { Reference } from "../../../api/references.ts";

/** Key under `spec.provider` to the places of its spec that refer to Kubernetes. */
export const references: ReadonlyMap<string, readonly Reference[]> = new Map<string, readonly Reference[]>([
  [
    "fake",
    [
    ],
  ],
  [
    "vault",
    [
      {"path":"/auth/tokenSecretRef","kind":"Secret"},
      {"path":"/auth/appRole/roleRef","kind":"Secret"},
      {"path":"/auth/appRole/secretRef","kind":"Secret"},
      {"path":"/auth/kubernetes/secretRef","kind":"Secret","defaultKey":"token"},
      {"path":"/auth/kubernetes/serviceAccountRef","kind":"ServiceAccount","apiServerToken":true},
      {"path":"/auth/jwt/secretRef","kind":"Secret"},
      {"path":"/auth/jwt/kubernetesServiceAccountToken/serviceAccountRef","kind":"ServiceAccount","audiences":["vault"],"audiencesField":"audiences"},
      {"path":"/auth/ldap/secretRef","kind":"Secret"},
      {"path":"/auth/userPass/secretRef","kind":"Secret"},
      {"path":"/auth/cert/clientCert","kind":"Secret"},
      {"path":"/auth/cert/secretRef","kind":"Secret"},
      {"path":"/auth/iam/jwt/serviceAccountRef","kind":"ServiceAccount"},
      {"path":"/auth/iam/secretRef/accessKeyIDSecretRef","kind":"Secret"},
      {"path":"/auth/iam/secretRef/secretAccessKeySecretRef","kind":"Secret"},
      {"path":"/auth/iam/secretRef/sessionTokenSecretRef","kind":"Secret"},
      {"path":"/auth/gcp/secretRef/secretAccessKeySecretRef","kind":"Secret"},
      {"path":"/auth/gcp/serviceAccountRef","kind":"ServiceAccount"},
      {"path":"/auth/gcp/workloadIdentity/serviceAccountRef","kind":"ServiceAccount"},
      {"path":"/caProvider","kind":"CAProvider","defaultKey":"ca.crt"},
      {"path":"/tls/certSecretRef","kind":"Secret","defaultKey":"tls.crt"},
      {"path":"/tls/keySecretRef","kind":"Secret","defaultKey":"tls.key"},
    ],
  ],
]);
