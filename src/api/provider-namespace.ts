/**
 * Label of the namespaces whose providers serve the whole cluster, and have a certificate each; its value is "cluster".
 * Only an administrator may set it (deploy/kustomize/base/policies).
 */
export const providerNamespaceLabel = "external-secrets.io/provider-namespace";
