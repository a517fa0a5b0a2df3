import { formatDuration } from "../../api/duration.ts";
import { ClusterError, keyId, type Change, type EventRecord, type ObjectKey } from "../cluster.ts";
import type { ServiceObject, Services } from "../services.ts";
import type { EventObject } from "./event-series.ts";
import { listPath, placeOf, serviceResource } from "./paths.ts";
import type { Reflector } from "./reflector.ts";
import type { Feed } from "./reflectors.ts";
import type { Scopes } from "./scopes.ts";
import { serviceObject } from "./service-objects.ts";
import { followSlices, type FollowedSlices } from "./slices.ts";
import { createView } from "./view.ts";

/** What {@link labelledServices} needs. */
export interface ServicesOptions {
  /** Label whose value "true" marks them. */
  readonly label: string;
  readonly scopes: Scopes;
  /** How long slices that nobody asks for are followed, milliseconds. */
  readonly slicesIdle: number;
  readonly start: (feed: Feed) => Reflector;
  readonly changed: (change: Change) => void;
  readonly recordEvent: (object: EventObject, event: EventRecord) => void;
}

/** Services of one namespace whose slices are followed at a time; each costs core a watch, and a tenant can make many. */
export const followedInNamespace = 100;

/** {@link Services} of an API server. */
export interface LabelledServices extends Services {
  /** What lists and watches them. */
  readonly feeds: readonly Feed[];
  /** Ends all timers. */
  stop(): void;
}

export function labelledServices(options: ServicesOptions): LabelledServices {
  const { label, scopes, slicesIdle, start, changed, recordEvent } = options;
  const followed = new Map<string, FollowedSlices>();
  const view = createView<ServiceObject>({
    convert: serviceObject,
    sourceOf: scopes.sourceOf,
    changed: (key) => {
      if (view.get(key) === undefined) followed.get(keyId(key))?.stop();
      changed({ kind: serviceResource.kind, key });
    },
  });
  const follow = (service: ObjectKey) => {
    const id = keyId(service);
    const inNamespace = [...followed.keys()].filter((each) => each.startsWith(`${service.namespace}/`));
    if (inNamespace.length >= followedInNamespace) throw tooMany(service.namespace, slicesIdle);
    const slices = followSlices({
      service,
      idle: slicesIdle,
      start,
      changed,
      onStop: () => followed.delete(id),
    });
    followed.set(id, slices);
    return slices;
  };

  return {
    services: () => view.list(),
    service: view.get,
    endpointSlices: async ({ namespace, name }, signal) => {
      const key = { namespace, name };
      if (view.get(key) !== undefined) return (followed.get(keyId(key)) ?? follow(key)).read(signal);
      const place = placeOf(serviceResource, key);
      throw new ClusterError("NotFound", `${place} is not there, or has no label ${label}: "true"`);
    },
    serviceEvent: ({ namespace, name }, event) => {
      const { apiVersion, kind } = serviceResource;
      const metadata = view.get({ namespace, name })?.metadata;
      if (metadata === undefined) return;
      const { uid, resourceVersion } = metadata;
      recordEvent({ apiVersion, kind, namespace, name, uid, resourceVersion }, event);
    },
    feeds: scopes.namespaces(serviceResource).map((namespace) => ({
      selection: {
        name: `labelled Services${namespace === undefined ? "" : ` of ${namespace}`}`,
        path: listPath(serviceResource, namespace),
        labelSelector: `${label}=true`,
        form: "whole",
      },
      sink: view.sink(namespace ?? ""),
    })),
    stop: () => {
      for (const slices of followed.values()) slices.stop();
    },
  };
}

function tooMany(namespace: string, idle: number): ClusterError {
  return new ClusterError(
    "TooManyRequests",
    `endpointslices of ${followedInNamespace} Services in namespace ${JSON.stringify(namespace)} are followed already, ` +
      `and no more at a time; use fewer labelled Services there (one that is not used counts for ${formatDuration(idle)})`,
  );
}
