import type { EndpointSliceObject, ServiceObject, ServicePort, SliceEndpoint } from "../services.ts";
import { isRecord, textOf, type ApiObject } from "./api-object.ts";
import { annotatedObject } from "./objects.ts";

/** Reads a core/v1 Service. */
export function serviceObject(object: ApiObject): ServiceObject {
  const spec = isRecord(object.spec) ? object.spec : {};
  return {
    ...annotatedObject(object),
    type: textOf(spec["type"]) || "ClusterIP",
    // "None": a headless Service has no address of its own.
    clusterIPs: textsOf(spec["clusterIPs"]).filter((address) => address !== "None"),
    ipFamilies: textsOf(spec["ipFamilies"]),
    ports: tcpPorts(spec["ports"]),
  };
}

/** Reads a discovery.k8s.io/v1 EndpointSlice, whose fields stand beside its metadata. */
export function sliceObject(object: ApiObject): EndpointSliceObject {
  const { addressType, ports, endpoints } = object;
  return {
    ...annotatedObject(object),
    addressType: textOf(addressType),
    ports: tcpPorts(ports),
    endpoints: recordsOf(endpoints).map((endpoint) => sliceEndpoint(endpoint, object.metadata.namespace ?? "")),
  };
}

function sliceEndpoint(endpoint: Readonly<Record<string, unknown>>, namespace: string): SliceEndpoint {
  const { addresses, conditions, targetRef } = endpoint;
  const { ready, serving, terminating } = isRecord(conditions) ? conditions : {};
  // Nothing said means ready, and what is ready serves (the API's own reading of absent conditions).
  const isReady = ready !== false;
  return {
    addresses: textsOf(addresses),
    ready: isReady,
    serving: typeof serving === "boolean" ? serving : isReady,
    terminating: terminating === true,
    ...(isRecord(targetRef) &&
      targetRef["kind"] === "Pod" && {
        pod: { namespace: textOf(targetRef["namespace"]) || namespace, name: textOf(targetRef["name"]) },
      }),
  };
}

/** Ports without a number stand for all of them, which is none to call. */
function tcpPorts(ports: unknown): readonly ServicePort[] {
  return recordsOf(ports).flatMap(({ name, port, protocol = "TCP" }) =>
    protocol === "TCP" && typeof port === "number" ? [{ name: textOf(name), port }] : [],
  );
}

function recordsOf(values: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(values) ? values.filter(isRecord) : [];
}

function textsOf(values: unknown): readonly string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
}
