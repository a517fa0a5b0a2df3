import type { EventRecord, ObjectKey } from "./cluster.ts";
import type { ObjectMeta } from "./objects.ts";

/** A port of a Service. */
export interface ServicePort {
  /** Empty: the only one. */
  readonly name: string;
  readonly port: number;
}

/** A core/v1 Service, the part that leads to its pods. Only TCP ports. */
export interface ServiceObject {
  readonly metadata: ObjectMeta;
  /** "ClusterIP", "NodePort", "LoadBalancer" or "ExternalName". */
  readonly type: string;
  /** Empty for a headless Service and for an ExternalName. */
  readonly clusterIPs: readonly string[];
  /** "IPv4", "IPv6", the primary one first. */
  readonly ipFamilies: readonly string[];
  readonly ports: readonly ServicePort[];
}

/** One endpoint of a slice (discovery.k8s.io/v1). */
export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** The Pod behind it; absent: nobody says what it is. */
  readonly pod?: ObjectKey;
}

/** A discovery.k8s.io/v1 EndpointSlice. Only TCP ports. */
export interface EndpointSliceObject {
  readonly metadata: ObjectMeta;
  /** "IPv4", "IPv6" or "FQDN". */
  readonly addressType: string;
  readonly ports: readonly ServicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

/** The Services that carry a label, and what is behind them. */
export interface Services {
  /** Those of the synced view. Changes are told by Cluster.watch as kind "Service". */
  services(): readonly ServiceObject[];
  service(key: ObjectKey): ServiceObject | undefined;
  /**
   * The slices of a Service. The first call begins to follow them, and waits until they have been listed; from then on
   * they come from a view, and changes are told by Cluster.watch as kind "EndpointSlice" under the Service's key. Slices
   * of a Service that is gone, or that nobody asked for in ten minutes, are followed no longer. Rejects with ClusterError;
   * TooManyRequests: so many Services of its namespace are followed that no more can be.
   */
  endpointSlices(service: ObjectKey, signal: AbortSignal): Promise<readonly EndpointSliceObject[]>;
  /** Records an event on a Service of the view. */
  serviceEvent(service: ObjectKey, event: EventRecord): void;
}
