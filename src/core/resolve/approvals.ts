import { providerNamespaceLabel } from "../../api/provider-namespace.ts";
import type { ServiceName } from "./address.ts";

/** What decides whether a class may lead to its address. */
export interface AddressQuestion {
  /** Namespace of the ProviderClass; empty: a ClusterProviderClass, which only administrators write. */
  readonly classNamespace: string;
  /** The Service that its address names; undefined: it names none. */
  readonly service: ServiceName | undefined;
  /** `--resolve` names the address: an administrator vouches for what is no Service. */
  readonly resolved: boolean;
  /** Where Outboard runs: its Services serve every namespace. */
  readonly systemNamespace: string;
  /** Labels of the Service's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** Why a class may not lead to its address; undefined: it may. */
export function addressRefusal(question: AddressQuestion): string | undefined {
  const { classNamespace, service, resolved, systemNamespace, namespaceLabels } = question;
  if (service === undefined) {
    return resolved
      ? undefined
      : "its address names no Service of the cluster; set SERVICE.NAMESPACE.svc:PORT, or let an administrator name it with --resolve";
  }
  const servesAll = service.namespace === systemNamespace || namespaceLabels[providerNamespaceLabel] === "cluster";
  if (classNamespace === "" || classNamespace === service.namespace || servesAll) return undefined;
  return (
    `a ProviderClass may name a Service of its own namespace, of ${systemNamespace}, or of a namespace that is ` +
    `labelled ${providerNamespaceLabel}=cluster, and its address names one of ${service.namespace}`
  );
}

/** What decides whether a store may use a class, but for the class's conditions. */
export interface ClassQuestion {
  readonly storeKind: string;
  readonly classKind: string;
}

/** Why a store may not use a class of that kind; undefined: it may. */
export function classRefusal({ storeKind, classKind }: ClassQuestion): string | undefined {
  if (storeKind !== "ClusterSecretStore" || classKind === "ClusterProviderClass") return undefined;
  return "a ClusterSecretStore belongs to no namespace and can only use a ClusterProviderClass; correct spec.runtimeRef";
}

/**
 * Whose namespace a ClusterProviderClass's conditions are about: a SecretStore's own, else the caller's. Empty: a cluster
 * store is validated without a caller, and the conditions count when there is one.
 */
export function namespaceInQuestion(
  store: { readonly kind: string; readonly namespace: string },
  callerNamespace: string,
): string {
  return store.kind === "ClusterSecretStore" ? callerNamespace : store.namespace;
}
