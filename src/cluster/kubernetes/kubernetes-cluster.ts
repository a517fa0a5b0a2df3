import type { Logger } from "../../process/logs.ts";
import { ClusterError, type Cluster } from "../cluster.ts";
import type { Leases } from "../lease.ts";
import { createNotifier } from "../notify.ts";
import type { Kind, KubeObject, NamespaceObject } from "../objects.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { countObjects } from "./count.ts";
import { customWrites, type CustomKind } from "./custom-writes.ts";
import { createEventRecorder } from "./events.ts";
import { createLeases } from "./leases.ts";
import { customObject, metadataObject, versionObject } from "./objects.ts";
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
import { secretForms } from "./secrets.ts";
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
  /** Field manager of status and finalizers. */
  readonly fieldManager: string;
  /** Name of the recorder of a kind's events. */
  readonly eventComponent: (kind: string) => string;
  readonly logger: Logger;
  /** A watch without a word for so long is begun again, milliseconds; 90 s, since bookmarks come every minute as a rule. */
  readonly stallTimeout?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** {@link Cluster} before a Kubernetes API server. Its views are empty until they are synced, and then never wait. */
export interface KubernetesCluster extends Cluster {
  /** Resolves when every view has been listed; stays open while the API server refuses or is away. */
  readonly synced: Promise<void>;
  /** What has not been listed yet and, where it is known, why: for the readiness probe. */
  awaited(): readonly string[];
  readonly leases: Leases;
  /** See {@link countObjects}; in the namespaces that are looked at. */
  count(resource: Resource, signal: AbortSignal): Promise<number>;
  /** Writes the events that wait, a few seconds at most, and ends all watches and requests. */
  stop(): Promise<void>;
}

const eventPatience = 5_000;

/** Starts to list and watch. Rejects when there is no usable kubeconfig or account. */
export async function createKubernetesCluster(options: KubernetesClusterOptions): Promise<KubernetesCluster> {
  const { kinds, namespaces, managedLabel, fieldManager, eventComponent, logger, now = Date.now } = options;
  const { watchNamespaces = namespaces === undefined, stallTimeout = 90_000 } = options;
  const transport = await connect(options);
  const notifier = createNotifier();
  const events = createEventRecorder(transport, now);
  const scopeOf = (namespace: string) => (namespaces === undefined ? "" : namespace);

  function viewOf<Item extends ViewItem>(kind: string, convert: Parameters<typeof createView<Item>>[0]["convert"]) {
    return createView<Item>({
      convert,
      sourceOf: ({ namespace }) => scopeOf(namespace),
      changed: (key) => notifier.changed({ kind, key }),
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
    sourceOf: (metadata) => `${forms.sourceOf(metadata)}/${scopeOf(metadata.namespace)}`,
    changed: (key) => notifier.changed({ kind: secretResource.kind, key }),
  });
  const configMaps = viewOf(configMapResource.kind, versionObject);
  const accounts = viewOf(accountResource.kind, versionObject);
  const referenced = { Secret: secrets, ConfigMap: configMaps, ServiceAccount: accounts };
  const namespaceView = viewOf(namespaceResource.kind, metadataObject);

  const kindOf = (kind: Kind): CustomKind => {
    const found = custom.get(kind.kind);
    if (found === undefined) throw new ClusterError("NotFound", `${kind.kind} is not watched`);
    return found;
  };
  const scopes = namespaces ?? [undefined];
  const feedsOf = ({ plural, namespaced, ...kind }: Resource, view: View<ViewItem>, form: Feed["selection"]["form"]) =>
    (namespaced ? scopes : [undefined]).map((namespace): Feed => ({
      selection: {
        name: namespace === undefined ? plural : `${plural} of ${namespace}`,
        path: listPath({ plural, namespaced, ...kind }, namespace),
        form,
      },
      sink: view.sink(namespace ?? ""),
    }));
  const reflectors = startReflectors({
    transport,
    stallTimeout,
    logger,
    feeds: [
      ...[...custom.values()].flatMap(({ resource, view }) => feedsOf(resource, view, "whole")),
      ...scopes.flatMap((namespace) =>
        (["managed", "other"] as const).map((source): Feed => ({
          selection: forms.selection(source, namespace),
          sink: secrets.sink(`${source}/${namespace ?? ""}`),
        })),
      ),
      ...feedsOf(configMapResource, configMaps, "metadata"),
      ...feedsOf(accountResource, accounts, "metadata"),
      ...(watchNamespaces ? feedsOf(namespaceResource, namespaceView, "metadata") : []),
    ],
  });

  return {
    get: (kind, key) => custom.get(kind.kind)?.view.get(key),
    list: (kind, namespace) => custom.get(kind.kind)?.view.list(namespace) ?? [],
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
    ...customWrites(transport, kindOf, fieldManager),
    ...referenceReads(transport),
    event: ({ apiVersion, kind }, { namespace, name }, event) => {
      const { uid = "", resourceVersion = "" } = custom.get(kind)?.view.get({ namespace, name })?.metadata ?? {};
      events.record({ apiVersion, kind, namespace, name, uid, resourceVersion }, eventComponent(kind), event);
    },
    watch: (listener) => notifier.watch(listener),
    synced: reflectors.synced,
    awaited: () => reflectors.awaited(),
    leases: createLeases(transport, fieldManager),
    count: (resource, signal) => countObjects(transport, resource, namespaces, signal),
    stop: async () => {
      await events.stop(eventPatience);
      await reflectors.stop();
      await transport.close();
    },
  };
}
