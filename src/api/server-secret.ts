/**
 * Secret that the certificate controller writes for all Services of a namespace that is neither the system's nor labelled
 * (type kubernetes.io/tls; ca.crt, tls.crt, tls.key).
 */
export const sharedSecretName = "external-secrets-provider-tls";

/** The Secret of one Service, in the system namespace and in labelled ones. */
export function serverSecretName(service: string): string {
  return `${sharedSecretName}-${service}`;
}
