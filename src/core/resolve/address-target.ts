import type { ObjectKey } from "../../cluster/cluster.ts";
import type { ServiceObject, ServicePort } from "../../cluster/services.ts";
import { addressText, parseAddress, serviceOf, type Address } from "./address.ts";
import { addressRefusal } from "./approvals.ts";
import { ResolutionError } from "./resolution-error.ts";
import { namespaceWorld, type ResolveWorld } from "./world.ts";

/** What is dialled. */
export type Target =
  /** The pods of a Service, or its cluster IP. */
  | { readonly by: "service"; readonly service: ServiceObject; readonly port: ServicePort; readonly host: string }
  /** Looked up by name: `--resolve` or `--allow-address` names it. */
  | { readonly by: "name"; readonly address: Address };

/**
 * Where an address leads that stands in a class or a Provider; `namespace` is that object's, empty for one of the cluster.
 * Throws ResolutionError whose message is for who may read the object.
 */
export function addressTarget(text: string, namespace: string, world: ResolveWorld): Target {
  const address = parseAddress(text);
  if (address === undefined) {
    throw new ResolutionError("ProviderNotFound", "spec.address must be a DNS name and a port, NAME:PORT");
  }
  const name = serviceOf(address.host);
  const service = name && world.services.service(name);
  const isResolved = world.resolve.has(addressText(address));
  const refusal = addressRefusal({
    namespace,
    service: name,
    labelled: service !== undefined,
    vouchedFor: isResolved || (name === undefined && world.allowedAddresses.has(addressText(address))),
    ...namespaceWorld(world, name?.namespace ?? ""),
  });
  if (refusal !== undefined) throw new ResolutionError("ProviderNotApproved", refusal);
  if (service === undefined || isResolved) return { by: "name", address };
  if (service.type === "ExternalName") {
    throw new ResolutionError(
      "ProviderNotApproved",
      "its address names an ExternalName Service, which names another host",
    );
  }
  const port = service.ports.find((each) => each.port === address.port);
  if (port !== undefined) return { by: "service", service, port, host: address.host };
  const ports = service.ports.map((each) => each.port).join(", ");
  const what = `its address names port ${address.port}, and the Service has ${ports || "none"}`;
  throw new ResolutionError("ProviderNotFound", what);
}

/** The Service behind a target. */
export function targetService(target: Target): ObjectKey | undefined {
  return target.by === "service" ? target.service.metadata : serviceOf(target.address.host);
}

/** The name that the certificate of a target must be for. */
export function targetHost(target: Target): string {
  return target.by === "service" ? target.host : target.address.host;
}

/** A target as it is shown: "SERVICE.NAMESPACE.svc:PORT". */
export function targetText(target: Target): string {
  return target.by === "service" ? `${target.host}:${target.port.port}` : addressText(target.address);
}
