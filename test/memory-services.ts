import { metadataOf } from "./object-meta.ts";
import {
  ClusterError,
  keyId,
  type Change,
  type Cluster,
  type EventRecord,
  type ObjectKey,
} from "../src/cluster/cluster.ts";
import { createNotifier } from "../src/cluster/notify.ts";
import type { EndpointSliceObject, ServiceObject, Services, SliceEndpoint } from "../src/cluster/services.ts";

/** Labelled Services in memory, and what is behind them. */
export interface MemoryServices extends Services {
  /** Adds a Service, or changes it. */
  put(service: ServiceObject): void;
  /** A Service is gone, or has lost its label. Its slices stay, as garbage does for a while. */
  remove(service: ObjectKey): void;
  /** Puts these slices in the place of all that a Service has; undefined, or what is thrown: they cannot be read. */
  setSlices(service: ObjectKey, slices: readonly EndpointSliceObject[] | ClusterError | undefined): void;
  /** The events of a Service. */
  eventsOf(service: ObjectKey): readonly EventRecord[];
  /** Hears of Services and of slices, as Cluster.watch does. Returns what ends it. */
  watch(listener: (change: Change) => void): () => void;
}

/** See {@link MemoryServices}. */
export function createMemoryServices(first: readonly ServiceObject[] = []): MemoryServices {
  const services = new Map(first.map((service) => [keyId(service.metadata), service]));
  const slicesOf = new Map<string, readonly EndpointSliceObject[] | ClusterError | undefined>();
  const events = new Map<string, readonly EventRecord[]>();
  const notifier = createNotifier();
  const changed = (kind: string, { namespace, name }: ObjectKey) =>
    notifier.changed({ kind, key: { namespace, name } });
  return {
    services: () => [...services.values()],
    service: (key) => services.get(keyId(key)),
    endpointSlices: async (key, signal) => {
      signal.throwIfAborted();
      const slices = slicesOf.has(keyId(key)) ? slicesOf.get(keyId(key)) : [];
      if (slices === undefined) throw new ClusterError("Forbidden", "endpointslices: 403");
      if (slices instanceof ClusterError) throw slices;
      return slices;
    },
    serviceEvent: (key, event) => void events.set(keyId(key), [...(events.get(keyId(key)) ?? []), event]),
    put: (service) => {
      services.set(keyId(service.metadata), service);
      changed("Service", service.metadata);
    },
    remove: (key) => {
      services.delete(keyId(key));
      changed("Service", key);
    },
    setSlices: (key, slices) => {
      slicesOf.set(keyId(key), slices);
      changed("EndpointSlice", key);
    },
    eventsOf: (key) => events.get(keyId(key)) ?? [],
    watch: (listener) => notifier.watch(listener),
  };
}

/** A cluster whose watch tells of these Services too. */
export function withServices<T extends Pick<Cluster, "watch">>(cluster: T, services: MemoryServices): T {
  return {
    ...cluster,
    watch: (listener: (change: Change) => void) => {
      const ends = [cluster.watch(listener), services.watch(listener)];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

/** "vault.providers" as a Service with one port, 8080; `annotations` is what `external-secrets.io/` has: serves, dial. */
export function serviceOf(
  text: string,
  annotations: Readonly<Record<string, string>> = {},
  more: Partial<Omit<ServiceObject, "metadata">> & { readonly created?: string } = {},
): ServiceObject {
  const [name = "", namespace = ""] = text.split(".");
  const { created = "2026-08-08T10:00:00Z", ...fields } = more;
  const own = Object.entries(annotations).map(([key, value]) => [`external-secrets.io/${key}`, value]);
  return {
    metadata: {
      ...metadataOf({ namespace, name }),
      creationTimestamp: created,
      labels: { "external-secrets.io/provider": "true" },
      annotations: Object.fromEntries(own),
    },
    type: "ClusterIP",
    clusterIPs: ["10.96.0.1"],
    ipFamilies: ["IPv4"],
    ports: [{ name: "", port: 8080 }],
    ...fields,
  };
}

/** A slice of a Service with ready pods at these addresses; `endpoints` are more of them. */
export function sliceOf(
  { metadata, ports }: ServiceObject,
  ips: readonly string[],
  more: Partial<Omit<EndpointSliceObject, "metadata">> & { readonly namespace?: string } = {},
): EndpointSliceObject {
  const { namespace = metadata.namespace, endpoints = [], ...fields } = more;
  return {
    metadata: metadataOf({ namespace, name: `${metadata.name}-x7k` }),
    addressType: "IPv4",
    ports,
    endpoints: [...ips.map((ip) => endpointOf(ip, { namespace: metadata.namespace, name: "pod" })), ...endpoints],
    ...fields,
  };
}

/** An endpoint that is ready, unless `more` says otherwise. */
export function endpointOf(
  ip: string,
  pod: ObjectKey | undefined,
  more: Partial<Pick<SliceEndpoint, "ready" | "serving" | "terminating">> = {},
): SliceEndpoint {
  return { addresses: [ip], ready: true, serving: true, terminating: false, ...(pod && { pod }), ...more };
}
