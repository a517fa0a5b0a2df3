import { providerNamespaceLabel } from "../api/provider-namespace.ts";
import type { ObjectKey } from "../cluster/cluster.ts";
import type { Client } from "./clients.ts";
import type { CertsNamespace, LabelledService } from "./cluster.ts";
import { serverSecretName, sharedSecretName } from "../api/server-secret.ts";

/** A Secret that there is to be, and what is in it. */
export interface Target {
  readonly key: ObjectKey;
  readonly usage: "server" | "client";
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** Those it is for, its owners; none for a client's. */
  readonly services: readonly LabelledService[];
  /** In a namespace that no administrator labelled: limited, and nothing waits for it. */
  readonly tenant: boolean;
  /** Who may call, one --allow-client a line; only for servers. */
  readonly clients?: string;
}

/** What is to be in one namespace. */
export interface NamespaceTargets {
  readonly targets: readonly Target[];
  /** Labelled Services beyond the {@link servicesPerNamespace} oldest: they get nothing. */
  readonly excess: readonly LabelledService[];
}

/** What {@link serverTargets} goes by. */
export interface TargetRules {
  readonly systemNamespace: string;
  readonly clusterDomain: string;
  readonly clients: readonly Client[];
}

/** How many Services of one namespace get a certificate. */
export const servicesPerNamespace = 100;

/** The server Secrets of a namespace; none while it is being deleted. */
export function serverTargets(
  namespace: CertsNamespace,
  services: readonly LabelledService[],
  rules: TargetRules,
): NamespaceTargets {
  if (namespace.terminating) return { targets: [], excess: [] };
  const living = services.filter(({ deleting }) => !deleting).toSorted(byAge);
  const counted = living.slice(0, servicesPerNamespace).toSorted((a, b) => compare(a.name, b.name));
  const excess = living.slice(servicesPerNamespace);
  const target = (name: string, owners: readonly LabelledService[], tenant: boolean): Target => ({
    key: { namespace: namespace.name, name },
    usage: "server",
    dnsNames: owners.flatMap((service) => dnsNamesOf(service, rules.clusterDomain)),
    uris: [],
    services: owners,
    tenant,
    clients: rules.clients.map(({ allowed }) => `${allowed}\n`).join(""),
  });
  if (hasOneEach(namespace, rules)) {
    return { targets: counted.map((service) => target(serverSecretName(service.name), [service], false)), excess };
  }
  return { targets: counted.length === 0 ? [] : [target(sharedSecretName, counted, true)], excess };
}

/** The Secrets of those who call. */
export function clientTargets({ systemNamespace, clients }: TargetRules): readonly Target[] {
  return clients.map(({ secretName, uri }) => ({
    key: { namespace: systemNamespace, name: secretName },
    usage: "client",
    dnsNames: [],
    uris: [uri],
    services: [],
    tenant: false,
  }));
}

/** The Secret that a Service is served through. */
export function secretOf({ name }: LabelledService, namespace: CertsNamespace, rules: TargetRules): ObjectKey {
  return { namespace: namespace.name, name: hasOneEach(namespace, rules) ? serverSecretName(name) : sharedSecretName };
}

/** Whether each Service of a namespace has a Secret of its own, so that none can pass for another. */
function hasOneEach({ name, labels }: CertsNamespace, { systemNamespace }: TargetRules): boolean {
  return name === systemNamespace || labels[providerNamespaceLabel] === "cluster";
}

/** The names under which a Service is reached, shortest first. Core checks `svc.ns.svc`. */
function dnsNamesOf({ name, namespace }: LabelledService, clusterDomain: string): readonly string[] {
  const inCluster = `${name}.${namespace}.svc`;
  return [name, `${name}.${namespace}`, inCluster, `${inCluster}.${clusterDomain}`];
}

function byAge(a: LabelledService, b: LabelledService): number {
  return compare(a.creationTimestamp, b.creationTimestamp) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
