/** Label of every Secret that is ours; its value is the system namespace of the installation that owns it. */
export const systemLabel = "external-secrets.io/system";

/** Annotation that asks for a new certificate when its value is "now". The write that makes it takes the annotation off. */
export const rotateAnnotation = "external-secrets.io/rotate";

/** Holds the CA and its state; in the system namespace only. */
export const caSecretName = "eso-provider-ca-internal";

/** Holds core's client certificate. */
export const coreSecretName = "eso-provider-client-tls";

/** The Secret of a client other than core. */
export function clientSecretName(client: string): string {
  return `eso-provider-${client}-client-tls`;
}
