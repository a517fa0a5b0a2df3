import { providerLabel } from "../../api/provider-labels.ts";
import type { CoreStore } from "../store.ts";
import type { ServiceName } from "./address.ts";
import { isOfAdministrator, type OfferWorld } from "./offer.ts";

/** What decides whether a class or Provider may lead to its address. */
export interface AddressQuestion extends OfferWorld {
  /** Namespace of the object that has the address; empty: it is of the cluster, and only administrators write it. */
  readonly namespace: string;
  /** The Service that its address names; undefined: it names none. */
  readonly service: ServiceName | undefined;
  /** Whether that Service is there and labelled as a provider. */
  readonly labelled: boolean;
  /** `--resolve` or `--allow-address` names the address: an administrator vouches for it. */
  readonly vouchedFor: boolean;
}

/** Why an object may not lead to its address; undefined: it may. */
export function addressRefusal(question: AddressQuestion): string | undefined {
  const { namespace, service, labelled, vouchedFor } = question;
  if (service === undefined) {
    return vouchedFor
      ? undefined
      : "its address names no Service of the cluster; set SERVICE.NAMESPACE.svc:PORT, or let an administrator name it with --allow-address";
  }
  const isOwn = namespace === service.namespace;
  if (namespace !== "" && !isOwn && !isOfAdministrator(service.namespace, question)) {
    return (
      "its address may name a Service of its own namespace, or one that an administrator approved for all, " +
      `and it names another one, in namespace ${service.namespace}`
    );
  }
  if (labelled || vouchedFor) return undefined;
  return (
    `its address names a Service that is no provider: namespace ${service.namespace} has no Service ${service.name} ` +
    `with label ${providerLabel}=true`
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
export function namespaceInQuestion({
  kind,
  namespace,
  callerNamespace,
}: Pick<CoreStore, "kind" | "namespace" | "callerNamespace">): string {
  return kind === "ClusterSecretStore" ? callerNamespace : namespace;
}
