import { providerNamespaceLabel } from "../../api/provider-namespace.ts";
import type { ObjectKey } from "../../cluster/cluster.ts";
import type { ServiceObject, ServicePort } from "../../cluster/services.ts";
import { parseServes, servesAnnotation, type Serves } from "./serves.ts";

/** A labelled Service as core sees it: what it may serve, and for whom. */
export interface Offer {
  readonly service: ObjectKey;
  /** RFC 3339. */
  readonly created: string;
  readonly serves: Serves;
  /** For every namespace; else for objects of its own namespace only, and no inline key. */
  readonly approved: boolean;
  /** Where gRPC is; undefined: nowhere that core dials, and `problem` says why. */
  readonly port: ServicePort | undefined;
  readonly problem: string | undefined;
}

/** What decides on a Service beside itself. */
export interface OfferWorld {
  /** Where Outboard runs. */
  readonly systemNamespace: string;
  /** Labels of the Service's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** Whether only administrators write into a namespace, so that what is there counts for the whole cluster. */
export function isOfAdministrator(namespace: string, { systemNamespace, namespaceLabels }: OfferWorld): boolean {
  return namespace === systemNamespace || namespaceLabels[providerNamespaceLabel] === "cluster";
}

/** What a labelled Service offers. */
export function offerOf(service: ServiceObject, world: OfferWorld): Offer {
  const { namespace, name, creationTimestamp, annotations } = service.metadata;
  const port = grpcPort(service.ports);
  const problem = problemOf(service, port);
  return {
    service: { namespace, name },
    created: creationTimestamp,
    serves: parseServes(annotations[servesAnnotation]),
    approved: isOfAdministrator(namespace, world),
    port: problem === undefined ? port : undefined,
    problem,
  };
}

function problemOf({ type, ports }: ServiceObject, port: ServicePort | undefined): string | undefined {
  if (type === "ExternalName") return "it is an ExternalName, which names another host";
  if (port !== undefined) return undefined;
  return ports.length === 0 ? "it has no TCP port" : "it has several ports and none of them is named grpc";
}

/** The port named grpc, else the only one. */
function grpcPort(ports: readonly ServicePort[]): ServicePort | undefined {
  return ports.find(({ name }) => name === "grpc") ?? (ports.length === 1 ? ports[0] : undefined);
}

/** The decision on a Service, for its event. */
export function approvalOf({ approved, problem, serves, service }: Offer): {
  readonly approved: boolean;
  readonly message: string;
} {
  if (problem !== undefined) return { approved: false, message: `serves nobody: ${problem}` };
  const names = [...serves.keys, ...serves.kinds].toSorted().join(", ");
  if (approved && names === "") {
    return {
      approved,
      message: `approved, and serves only what names it: annotation ${servesAnnotation} says no key and no kind`,
    };
  }
  if (approved) return { approved, message: `approved: serves ${names} for every namespace` };
  return {
    approved,
    message:
      `not approved to serve other namespaces, or an inline key: namespace ${service.namespace} is not labelled ` +
      `${providerNamespaceLabel}=cluster by an administrator; objects of its own namespace that name it may use it`,
  };
}
