import { ClusterError, type Cluster, type ObjectKey } from "../cluster.ts";
import { followedKindId, type FollowedKind } from "../followed-kinds.ts";
import { groupOf, type Kind, type KubeObject, type NamespaceObject } from "../objects.ts";
import type { EndpointSliceObject, ServiceObject, Services } from "../services.ts";
import { isApiObject, type ApiObject } from "./api-object.ts";
import { definitionOf } from "./definition.ts";
import { listAll } from "./list.ts";
import { customObject, metadataObject } from "./objects.ts";
import {
  definitionResource,
  listPath,
  namespaceResource,
  objectPath,
  placeOf,
  serviceResource,
  sliceResource,
  type Resource,
} from "./paths.ts";
import { serviceObject, sliceObject } from "./service-objects.ts";
import type { Transport } from "./transport.ts";

/**
 * The world as somebody's own rights show it, read object by object as it is asked for: what is asked for the first time
 * counts as absent, and is there after the next {@link Snapshot.load}.
 */
export interface Snapshot
  extends Pick<Cluster, "get" | "namespace" | "followedKind">, Pick<Services, "services" | "service"> {
  /** Reads what was asked for and is not known yet. False: everything was. */
  load(signal: AbortSignal): Promise<boolean>;
  /** The slices of a Service. Rejects with ClusterError. */
  endpointSlices(service: ObjectKey, signal: AbortSignal): Promise<readonly EndpointSliceObject[]>;
  /** Any object as it is, undefined when there is none. Rejects with ClusterError. */
  read(resource: Resource, key: ObjectKey, signal: AbortSignal): Promise<ApiObject | undefined>;
  /** What could not be read, and why; it counts as absent. */
  refusals(): ReadonlyMap<string, string>;
}

/** What {@link createSnapshot} needs. */
export interface SnapshotOptions {
  readonly transport: Transport;
  /** Kinds that `get` knows beside followed ones. */
  readonly kinds: readonly Resource[];
  /** Label whose value "true" marks Services. */
  readonly serviceLabel: string;
  /** Label whose value "true" marks the CustomResourceDefinitions whose kinds are followed. */
  readonly followedLabel: string;
}

export function createSnapshot(options: SnapshotOptions): Snapshot {
  const { transport, kinds, serviceLabel, followedLabel } = options;
  const objects = new Map<string, ApiObject | undefined>();
  const lists = new Map<string, readonly ApiObject[]>();
  const asked = new Map<string, (signal: AbortSignal) => Promise<void>>();
  const refused = new Map<string, string>();

  const read = async (resource: Resource, key: ObjectKey, signal: AbortSignal) => {
    const name = placeOf(resource, key);
    try {
      const answer = await transport.request({ method: "GET", path: objectPath(resource, key), name, signal });
      return isApiObject(answer) ? answer : undefined;
    } catch (error) {
      if (error instanceof ClusterError && error.reason === "NotFound") return undefined;
      throw error;
    }
  };
  const list = async (resource: Resource, labelSelector: string, signal: AbortSignal, namespace?: string) => {
    const found: ApiObject[] = [];
    const sink = { begin: () => void found.splice(0), add: (object: ApiObject) => void found.push(object) };
    const selection = {
      name: resource.plural,
      path: listPath(resource, namespace),
      labelSelector,
      form: "whole",
    } as const;
    await listAll(transport, selection, sink, signal);
    return found;
  };
  /** Whatever is refused counts as absent. */
  const ask = (id: string, what: string, load: (signal: AbortSignal) => Promise<void>) => {
    if (asked.has(id) || refused.has(what)) return;
    asked.set(id, async (signal) => {
      try {
        await load(signal);
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        refused.set(what, error.message);
      }
    });
  };
  const object = (resource: Resource, key: ObjectKey): ApiObject | undefined => {
    const id = `${resource.apiVersion}/${placeOf(resource, key)}`;
    if (objects.has(id)) return objects.get(id);
    ask(id, placeOf(resource, key), async (signal) => void objects.set(id, await read(resource, key, signal)));
    return undefined;
  };
  const labelled = (resource: Resource, label: string): readonly ApiObject[] => {
    const held = lists.get(resource.plural);
    if (held !== undefined) return held;
    ask(resource.plural, resource.plural, async (signal) => {
      lists.set(resource.plural, await list(resource, `${label}=true`, signal));
    });
    return [];
  };
  const followed = (): readonly FollowedKind[] =>
    labelled(definitionResource, followedLabel).flatMap((each) => definitionOf(each).kind ?? []);
  const resourceOf = (kind: Kind): Resource | undefined =>
    kinds.find((each) => each.kind === kind.kind && each.apiVersion === kind.apiVersion) ??
    followed().find((each) => each.kind === kind.kind && each.group === groupOf(kind.apiVersion));
  const services = (): readonly ServiceObject[] => labelled(serviceResource, serviceLabel).map(serviceObject);

  return {
    get: (kind, { namespace, name }): KubeObject | undefined => {
      const resource = resourceOf(kind);
      const found = resource && object(resource, { namespace: resource.namespaced ? namespace : "", name });
      return resource && found && customObject(resource, found);
    },
    namespace: (name): NamespaceObject | undefined => {
      const found = object(namespaceResource, { namespace: "", name });
      return found && { name, labels: metadataObject(found).metadata.labels };
    },
    followedKind: (id) => followed().find((kind) => followedKindId(kind) === id),
    services,
    service: ({ namespace, name }) =>
      services().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    endpointSlices: async ({ namespace, name }, signal) =>
      (await list(sliceResource, `kubernetes.io/service-name=${name}`, signal, namespace)).map(sliceObject),
    load: async (signal) => {
      const pending = [...asked].filter(([, load]) => load !== done);
      for (const [id] of pending) asked.set(id, done);
      await Promise.all(pending.map(([, load]) => load(signal)));
      return pending.length > 0;
    },
    read,
    refusals: () => refused,
  };
}

async function done(): Promise<void> {}
