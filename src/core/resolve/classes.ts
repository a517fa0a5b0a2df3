import type { ObjectKey } from "../../cluster/cluster.ts";
import type { ClassRef, ProviderClassObject } from "../kinds.ts";
import { addressTarget, targetHost, type Target } from "./address-target.ts";
import { serviceOf } from "./address.ts";
import type { ClassCertificates } from "./class-certificates.ts";
import { ResolutionError } from "./resolution-error.ts";
import type { ResolveWorld } from "./world.ts";

/** What a class says, checked. */
export interface UsableClass {
  readonly target: Target;
  /** What the certificates are from; those from elsewhere vouch for others. */
  readonly trust: string;
  readonly certificates: ClassCertificates;
}

/**
 * Checks a class: its address is one that it may lead to, its certificates are there and usable. Nothing is dialled. Rejects
 * with ResolutionError whose message is for who may read the class.
 */
export async function useClass(
  object: ProviderClassObject,
  world: ResolveWorld,
  signal: AbortSignal,
): Promise<UsableClass> {
  const target = addressTarget(object.spec.address, object.metadata.namespace, world);
  const secret = certificateSecret(object, world.systemNamespace);
  if (secret !== undefined) {
    const trust = `Secret ${secret.namespace}/${secret.name}`;
    return { target, trust, certificates: await world.readCertificates(secret, signal) };
  }
  // The certificate controller makes certificates for Services, and its CA vouches for nobody else.
  if (serviceOf(targetHost(target)) !== undefined) {
    return { target, trust: mountedTrust, certificates: world.mounted.current() };
  }
  const where = object.metadata.namespace || world.systemNamespace;
  throw new ResolutionError(
    "CertificateInvalid",
    "it names no certificates, and its address no Service of the cluster; " +
      `set spec.tls.secretRef to a Secret of namespace ${where} with ca.crt, tls.crt and tls.key`,
  );
}

/** Core's own certificates as a source of trust. */
export const mountedTrust = "mounted";

/** The Secret that a class takes its certificates from: of its namespace, of the system namespace for one of the cluster. */
export function certificateSecret(object: ProviderClassObject, systemNamespace: string): ObjectKey | undefined {
  const name = object.spec.tls?.secretRef.name;
  return name === undefined ? undefined : { namespace: object.metadata.namespace || systemNamespace, name };
}

/** `ClusterProviderClass "vault"`. */
export function className({ kind, name }: Pick<ClassRef, "kind" | "name">): string {
  return `${kind} ${JSON.stringify(name)}`;
}
