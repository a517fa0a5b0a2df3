import type { EndpointSliceObject, ServiceObject, ServicePort, SliceEndpoint } from "../../cluster/services.ts";
import type { IsPodAddress } from "./pod-addresses.ts";
import { dialText } from "./resolve-flag.ts";

/** Annotation of a labelled Service; "Service": its cluster IP is dialled, for clusters that forbid pod addresses. */
export const dialAnnotation = "external-secrets.io/dial";

/** Whether a Service's cluster IP is dialled and not its pods. */
export function dialsService({ metadata }: ServiceObject): boolean {
  return metadata.annotations[dialAnnotation] === "Service";
}

/** Where a Service's cluster IP is dialled; empty for a headless Service. */
export function clusterAddresses({ clusterIPs }: ServiceObject, { port }: ServicePort): readonly string[] {
  return clusterIPs.slice(0, 1).map((ip) => dialText(ip, port));
}

/**
 * Where the pods of a Service are dialled: those that are ready; when none is, those that still serve while they end. Only
 * endpoints that are Pods of the Service's namespace count: slices are written by whoever may write there, and the
 * certificate proves the rest. One address family, the Service's first where it has pods.
 */
export function podAddressesOf(
  service: ServiceObject,
  port: ServicePort,
  slices: readonly EndpointSliceObject[],
  isPodAddress: IsPodAddress,
): readonly string[] {
  const families = [...new Set([...service.ipFamilies, "IPv4", "IPv6"])];
  for (const usable of [isReady, servesStill]) {
    for (const family of families) {
      const found = slices
        .filter(
          ({ addressType, metadata }) => addressType === family && metadata.namespace === service.metadata.namespace,
        )
        .flatMap((slice) => addressesIn(slice, service, port, usable))
        .filter(({ ip }) => isPodAddress(ip))
        .map(({ ip, port: number }) => dialText(ip, number));
      if (found.length > 0) return [...new Set(found)].toSorted();
    }
  }
  return [];
}

interface Place {
  readonly ip: string;
  readonly port: number;
}

function addressesIn(
  { endpoints, ports }: EndpointSliceObject,
  { metadata }: ServiceObject,
  { name }: ServicePort,
  usable: (endpoint: SliceEndpoint) => boolean,
): readonly Place[] {
  const own = ports.find((each) => each.name === name);
  if (own === undefined) return [];
  return endpoints
    .filter((endpoint) => endpoint.pod?.namespace === metadata.namespace && usable(endpoint))
    .flatMap(({ addresses }) => addresses.slice(0, 1).map((ip) => ({ ip, port: own.port })));
}

function isReady({ ready, terminating }: SliceEndpoint): boolean {
  return ready && !terminating;
}

function servesStill({ serving, terminating }: SliceEndpoint): boolean {
  return serving && terminating;
}
