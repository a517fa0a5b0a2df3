import type { Cluster, ObjectKey } from "../../cluster/cluster.ts";
import type { ClassRef, ProviderClassObject } from "../kinds.ts";
import { addressText, parseAddress, serviceOf, type Address } from "./address.ts";
import { addressRefusal } from "./approvals.ts";
import type { ClassCertificates, ReadCertificates } from "./class-certificates.ts";
import type { MountedCertificates } from "./mounted-certificates.ts";
import type { ResolveTable } from "./resolve-flag.ts";
import { ResolutionError } from "./resolution-error.ts";

/** What classes are looked at with. */
export interface ClassWorld {
  readonly cluster: Pick<Cluster, "namespace">;
  /** Namespace that Outboard runs in. */
  readonly systemNamespace: string;
  readonly resolve: ResolveTable;
  /** For classes that name a Secret. */
  readonly readCertificates: ReadCertificates;
  /** For classes that name none, and lead to a Service. */
  readonly mounted: Pick<MountedCertificates, "current" | "subscribe">;
}

/** What a class says, checked. */
export interface UsableClass {
  readonly address: Address;
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
  world: ClassWorld,
  signal: AbortSignal,
): Promise<UsableClass> {
  const address = checkedAddress(object, world);
  const secret = certificateSecret(object, world.systemNamespace);
  if (secret !== undefined) {
    const trust = `Secret ${secret.namespace}/${secret.name}`;
    return { address, trust, certificates: await world.readCertificates(secret, signal) };
  }
  // The certificate controller makes certificates for Services, and its CA vouches for nobody else.
  if (serviceOf(address.host) !== undefined) {
    return { address, trust: "mounted", certificates: world.mounted.current() };
  }
  const where = object.metadata.namespace || world.systemNamespace;
  throw new ResolutionError(
    "CertificateInvalid",
    "it names no certificates, and its address no Service of the cluster; " +
      `set spec.tls.secretRef to a Secret of namespace ${where} with ca.crt, tls.crt and tls.key`,
  );
}

/** The Secret that a class takes its certificates from: of its namespace, of the system namespace for one of the cluster. */
export function certificateSecret(object: ProviderClassObject, systemNamespace: string): ObjectKey | undefined {
  const name = object.spec.tls?.secretRef.name;
  return name === undefined ? undefined : { namespace: object.metadata.namespace || systemNamespace, name };
}

/** `ClusterProviderClass "vault"`. */
export function className({ kind, name }: Pick<ClassRef, "kind" | "name">): string {
  return `${kind} ${JSON.stringify(name)}`;
}

function checkedAddress(object: ProviderClassObject, world: ClassWorld): Address {
  const { cluster, systemNamespace, resolve } = world;
  const address = parseAddress(object.spec.address);
  if (address === undefined) {
    throw new ResolutionError("ProviderNotFound", "spec.address must be a DNS name and a port, NAME:PORT");
  }
  const service = serviceOf(address.host);
  const refusal = addressRefusal({
    classNamespace: object.metadata.namespace,
    service,
    resolved: resolve.has(addressText(address)),
    systemNamespace,
    namespaceLabels: (service && cluster.namespace(service.namespace)?.labels) ?? {},
  });
  if (refusal !== undefined) throw new ResolutionError("ProviderNotApproved", refusal);
  return address;
}
