import type { Logger } from "../../process/logs.ts";
import { ClusterError, type Change, type Cluster, type EventRecord } from "../cluster.ts";
import type { Leases } from "../lease.ts";
import { createNotifier } from "../notify.ts";
import { groupOf, type Kind, type KubeObject, type NamespaceObject } from "../objects.ts";
import type { Services } from "../services.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { countObjects } from "./count.ts";
import { customWrites, type CustomKind } from "./custom-writes.ts";
import type { EventObject } from "./event-series.ts";
import { createEventRecorder } from "./events.ts";
import { createKindFollower } from "./kind-follower.ts";
import { createLeases } from "./leases.ts";
import { customObject, metadataObject, versionObject } from "./objects.ts";
import { servedSchemas } from "./open-api.ts";
import {
  accountResource,
  configMapResource,
  listPath,
  namespaceResource,
  secretResource,
  type Resource,
} from "./paths.ts";
import { referenceReads } from "./references.ts";
import { startReflectors, type Feed } from "./reflectors.ts";
import { secretWrites } from "./secret-writes.ts";
import { scopesOf } from "./scopes.ts";
import { secretForms } from "./secrets.ts";
import { labelledServices } from "./services.ts";
import type { ViewItem } from "./table.ts";
import { createView, type View } from "./view.ts";

/** What {@link createKubernetesCluster} needs. */
export interface KubernetesClusterOptions extends ConnectOptions {
  /** Custom kinds that controllers read. */
  readonly kinds: readonly Resource[];
  /** Only these are looked at, for Roles instead of ClusterRoles; else all. */
  readonly namespaces?: readonly string[];
  /** Whether Namespaces are watched, which takes a ClusterRole; when all namespaces are looked at, by default. */
  readonly watchNamespaces?: boolean;
  /** Label whose value "true" marks the Secrets that are held whole. */
  readonly managedLabel: string;
  /** Label whose value "true" marks the Services that are looked at. */
  readonly serviceLabel: string;
  /** Where these are looked at too, if not in all namespaces. */
  readonly systemNamespace: string;
  /** Label whose value "true" marks the CustomResourceDefinitions whose kinds are followed. */
  readonly followedLabel: string;
  /** Field manager of status and finalizers. */
  readonly fieldManager: string;
  /** Name of the recorder of a kind's events. */
  readonly eventComponent: (kind: string) => string;
  readonly logger: Logger;
  /** A watch without a word for so long is begun again, milliseconds; 90 s, since bookmarks come every minute as a rule. */
  readonly stallTimeout?: number;
  /** How often a kind that the API server does not have is asked for again, milliseconds; 30 s. */
  readonly missingInterval?: number;
  /** How long EndpointSlices that nobody asks for are followed, milliseconds; ten minutes. */
  readonly slicesIdle?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** {@link Cluster} before a Kubernetes API server. Its views are empty until they are synced, and then never wait. */
export interface KubernetesCluster extends Cluster, Services {
  /** Resolves when every view has been listed; stays open while the API server refuses or is away. */
  readonly synced: Promise<void>;
  /** What has not been listed yet and, where it is known, why: for the readiness probe. */
  awaited(): readonly string[];
  readonly leases: Leases;
  /** See {@link countObjects}; in the namespaces that are looked at. */
  count(resource: Resource, signal: AbortSignal): Promise<number>;
  /**
   * Schemas of whole objects as the API server publishes them, by kind; none for a group or version that it does not
   * have. Every account may read them. Rejects with ClusterError.
   */
  servedSchemas(apiVersion: string, signal: AbortSignal): Promise<ReadonlyMap<string, unknown>>;
  /** Writes the events that wait, a few seconds at most, and ends all watches and requests. */
  stop(): Promise<void>;
}

const eventPatience = 5_000;
const missingRemedy = "apply the CustomResourceDefinitions of deploy/crds";

/** Starts to list and watch. Rejects when there is no usable kubeconfig or account. */
export async function createKubernetesCluster(options: KubernetesClusterOptions): Promise<KubernetesCluster> {
  const { kinds, namespaces, managedLabel, fieldManager, eventComponent, logger, now = Date.now } = options;
  const { watchNamespaces = namespaces === undefined, stallTimeout = 90_000, missingInterval } = options;
  const { serviceLabel, systemNamespace, followedLabel, slicesIdle = 600_000 } = options;
  const transport = await connect(options);
  const notifier = createNotifier();
  const events = createEventRecorder(transport, now);
  const changed = (change: Change) => notifier.changed(change);
  const recordEvent = (object: EventObject, event: EventRecord) =>
    events.record(object, eventComponent(object.kind), event);
  const scopes = scopesOf(namespaces);

  function viewOf<Item extends ViewItem>(kind: string, convert: Parameters<typeof createView<Item>>[0]["convert"]) {
    return createView<Item>({
      convert,
      sourceOf: scopes.sourceOf,
      changed: (key) => changed({ kind, key }),
    });
  }
  const custom = new Map<string, CustomKind>(
    kinds.map((resource) => {
      const view: View<KubeObject> = viewOf(resource.kind, (object) => customObject(resource, object));
      return [resource.kind, { resource, view }];
    }),
  );
  const forms = secretForms(managedLabel);
  const secrets = createView({
    convert: forms.convert,
    sourceOf: (metadata) => `${forms.sourceOf(metadata)}/${scopes.sourceOf(metadata)}`,
    changed: (key) => changed({ kind: secretResource.kind, key }),
  });
  const configMaps = viewOf(configMapResource.kind, versionObject);
  const accounts = viewOf(accountResource.kind, versionObject);
  const referenced = { Secret: secrets, ConfigMap: configMaps, ServiceAccount: accounts };
  const namespaceView = viewOf(namespaceResource.kind, metadataObject);

  const follower = createKindFollower({
    label: followedLabel,
    scopes,
    isKnown: (kind) => customOf(kind) !== undefined,
    start: (feed) => reflectors.start(feed),
    changed,
    logger,
  });
  const services = labelledServices({
    label: serviceLabel,
    scopes: scopesOf(namespaces && [...new Set([...namespaces, systemNamespace])]),
    slicesIdle,
    start: (feed) => reflectors.start(feed),
    changed,
    recordEvent,
  });

  const customOf = (kind: Kind): CustomKind | undefined => {
    const found = custom.get(kind.kind);
    return found && groupOf(found.resource.apiVersion) === groupOf(kind.apiVersion) ? found : undefined;
  };
  const kindOf = (kind: Kind) => customOf(kind) ?? follower.find(kind);
  const feedsOf = (resource: Resource, view: View<ViewItem>, form: Feed["selection"]["form"], remedy?: string) =>
    scopes.namespaces(resource).map((namespace): Feed => ({
      selection: {
        name: namespace === undefined ? resource.plural : `${resource.plural} of ${namespace}`,
        path: listPath(resource, namespace),
        form,
      },
      sink: view.sink(namespace ?? ""),
      ...(remedy !== undefined && { remedy }),
    }));
  const reflectors = startReflectors({
    transport,
    stallTimeout,
    ...(missingInterval !== undefined && { missingInterval }),
    logger,
    feeds: [
      ...[...custom.values()].flatMap(({ resource, view }) => feedsOf(resource, view, "whole", missingRemedy)),
      ...scopes.namespaces(secretResource).flatMap((namespace) =>
        (["managed", "other"] as const).map((source): Feed => ({
          selection: forms.selection(source, namespace),
          sink: secrets.sink(`${source}/${namespace ?? ""}`),
        })),
      ),
      ...feedsOf(configMapResource, configMaps, "metadata"),
      ...feedsOf(accountResource, accounts, "metadata"),
      ...(watchNamespaces ? feedsOf(namespaceResource, namespaceView, "metadata") : []),
      ...services.feeds,
      follower.feed,
    ],
  });

  let isSynced = false;
  return {
    get: (kind, key) => kindOf(kind)?.view.get(key),
    list: (kind, namespace) => kindOf(kind)?.view.list(namespace) ?? [],
    followedKinds: () => follower.followedKinds(),
    followedKind: (id) => follower.followedKind(id),
    services: () => services.services(),
    service: (key) => services.service(key),
    endpointSlices: (service, signal) => services.endpointSlices(service, signal),
    serviceEvent: (service, event) => services.serviceEvent(service, event),
    servedSchemas: (apiVersion, signal) => servedSchemas(transport, apiVersion, signal),
    secret: secrets.get,
    secrets: secrets.withLabels,
    namespace: (name) => {
      const held = namespaceView.get({ namespace: "", name });
      return held && ({ name, labels: held.metadata.labels } satisfies NamespaceObject);
    },
    referencedVersion: (kind, key) => {
      const metadata = referenced[kind].get(key)?.metadata;
      return metadata && { uid: metadata.uid, resourceVersion: metadata.resourceVersion };
    },
    ...secretWrites(transport, secrets),
    ...customWrites(
      transport,
      (kind) => {
        const found = kindOf(kind);
        if (found === undefined)
          throw new ClusterError("NotFound", `${kind.kind} of ${kind.apiVersion} is not watched`);
        return found;
      },
      fieldManager,
    ),
    ...referenceReads(transport),
    event: (kind, { namespace, name }, event) => {
      const { uid = "", resourceVersion = "" } = kindOf(kind)?.view.get({ namespace, name })?.metadata ?? {};
      recordEvent({ apiVersion: kind.apiVersion, kind: kind.kind, namespace, name, uid, resourceVersion }, event);
    },
    watch: (listener) => notifier.watch(listener),
    synced: reflectors.synced.then(() => follower.settled()).then(() => void (isSynced = true)),
    awaited: () => (isSynced ? [] : [...reflectors.awaited(), ...follower.unsettled()]),
    leases: createLeases(transport, fieldManager),
    count: (resource, signal) => countObjects(transport, resource, namespaces, signal),
    stop: async () => {
      await events.stop(eventPatience);
      services.stop();
      await reflectors.stop();
      await transport.close();
    },
  };
}
