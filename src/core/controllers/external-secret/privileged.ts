import type { ExternalSecretTemplate } from "../../../api/kinds/external-secret.ts";

/**
 * Why a template may not be used, in the words of ESO's webhook: a Secret of such a type would be filled or honoured by
 * Kubernetes itself, and hand its author rights that he does not have. Held here too, since a webhook can be missing.
 */
export function privilegedTemplate(template: ExternalSecretTemplate | undefined): string | undefined {
  const annotation = "kubernetes.io/service-account.name";
  if (template?.type === "bootstrap.kubernetes.io/token") {
    return 'template.type="bootstrap.kubernetes.io/token" is not allowed';
  }
  if (template?.type !== "kubernetes.io/service-account-token") return undefined;
  const type = 'template.type="kubernetes.io/service-account-token"';
  if (Object.hasOwn(template.metadata?.annotations ?? {}, annotation)) {
    return `${type} with annotation "${annotation}" is not allowed`;
  }
  return undefined;
}
