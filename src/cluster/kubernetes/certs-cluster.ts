import type { Logger } from "../../process/logs.ts";
import type { Change, EventRecord, ObjectKey } from "../cluster.ts";
import { createNotifier } from "../notify.ts";
import { certificateSecrets, type CertificateSecrets } from "./certs-cluster-secrets.ts";
import { connect, type ConnectOptions } from "./connect.ts";
import { createEventRecorder } from "./events.ts";
import type { Selection } from "./list.ts";
import { metadataObject, type MetadataObject } from "./objects.ts";
import { listPath, namespaceResource, secretResource, serviceResource } from "./paths.ts";
import { startReflectors } from "./reflectors.ts";
import { createView, type View } from "./view.ts";

/** A Secret whose name is known before it is there; without a namespace, in every one. */
export interface FixedName {
  readonly namespace?: string;
  readonly name: string;
}

/** What {@link createCertsCluster} needs. */
export interface CertsClusterOptions extends ConnectOptions {
  /** Label whose value "true" marks the Services that are looked at. */
  readonly serviceLabel: string;
  /** Secrets that are watched and read by `get`: a Role can name them. Others are read as they are written, by `patch`. */
  readonly fixedNames: readonly FixedName[];
  readonly fieldManager: string;
  /** Name of the recorder of events. */
  readonly eventComponent: string;
  readonly logger: Logger;
  /** A watch without a word for so long is begun again, milliseconds; 90 s, since bookmarks come every minute as a rule. */
  readonly stallTimeout?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A labelled Service. */
export interface ServiceObject {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
  readonly deleting: boolean;
}

/** What the certificate controller sees of a Kubernetes API server. Its views are empty until they are synced. */
export interface KubernetesCertsCluster extends CertificateSecrets {
  services(): readonly ServiceObject[];
  namespace(
    name: string,
  ):
    | { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly terminating: boolean }
    | undefined;
  event(service: ServiceObject, event: EventRecord): void;
  /** Hears changes of "Service", "Namespace" and "Secret" (of fixed names only). Returns what ends it. */
  watch(listener: (change: Change) => void): () => void;
  /** Resolves when every view has been listed; stays open while the API server refuses or is away. */
  readonly synced: Promise<void>;
  /** What has not been listed yet and, where it is known, why: for the readiness probe. */
  awaited(): readonly string[];
  /** Writes the events that wait, a few seconds at most, and ends all watches and requests. */
  stop(): Promise<void>;
}

const eventPatience = 5_000;

/** Starts to list and watch. Rejects when there is no usable kubeconfig or account. */
export async function createCertsCluster(options: CertsClusterOptions): Promise<KubernetesCertsCluster> {
  const { serviceLabel, fixedNames, fieldManager, eventComponent, logger } = options;
  const { stallTimeout = 90_000, now = Date.now } = options;
  const transport = await connect(options);
  const notifier = createNotifier();
  const events = createEventRecorder(transport, now);
  // No name is in two of them: what is fixed in one namespace is not fixed in every one.
  const fixedNameOf = ({ namespace, name }: ObjectKey) =>
    fixedNames.find((fixed) => fixed.name === name && (fixed.namespace ?? namespace) === namespace);

  const viewOf = (kind: string, sourceOf: (key: ObjectKey) => string = () => ""): View<MetadataObject> =>
    createView({ convert: metadataObject, sourceOf, changed: (key) => notifier.changed({ kind, key }) });
  const services = viewOf(serviceResource.kind);
  const namespaces = viewOf(namespaceResource.kind);
  const secrets = viewOf(secretResource.kind, (key) => selectionName(fixedNameOf(key) ?? key));
  const reflectors = startReflectors({
    transport,
    stallTimeout,
    logger,
    feeds: [
      { selection: labelledServices(serviceLabel), sink: services.sink("") },
      { selection: allNamespaces, sink: namespaces.sink("") },
      ...fixedNames.map((fixed) => ({ selection: secretOf(fixed), sink: secrets.sink(selectionName(fixed)) })),
    ],
  });

  return {
    ...certificateSecrets(transport, (key) => fixedNameOf(key) !== undefined, fieldManager),
    services: () => services.list().map(serviceObject),
    namespace: (name) => {
      const metadata = namespaces.get({ namespace: "", name })?.metadata;
      return metadata && { name, labels: metadata.labels, terminating: metadata.deletionTimestamp !== undefined };
    },
    event: ({ namespace, name, uid }, event) => {
      const { apiVersion, kind } = serviceResource;
      const { resourceVersion = "" } = services.get({ namespace, name })?.metadata ?? {};
      events.record({ apiVersion, kind, namespace, name, uid, resourceVersion }, eventComponent, event);
    },
    watch: (listener) => notifier.watch(listener),
    synced: reflectors.synced,
    awaited: () => reflectors.awaited(),
    stop: async () => {
      await events.stop(eventPatience);
      await reflectors.stop();
      await transport.close();
    },
  };
}

const allNamespaces: Selection = { name: "namespaces", path: listPath(namespaceResource), form: "metadata" };

function labelledServices(label: string): Selection {
  const path = listPath(serviceResource);
  return { name: "labelled Services", path, labelSelector: `${label}=true`, form: "metadata" };
}

/** Metadata is enough to hear of a change: what is in it is read when it is needed, and held by nobody. */
function secretOf(fixed: FixedName): Selection {
  const path = listPath(secretResource, fixed.namespace);
  return { name: selectionName(fixed), path, fieldSelector: `metadata.name=${fixed.name}`, form: "metadata" };
}

function selectionName({ namespace, name }: FixedName): string {
  return namespace === undefined ? `Secrets ${name}` : `Secret ${namespace}/${name}`;
}

function serviceObject({ metadata }: MetadataObject): ServiceObject {
  const { namespace, name, uid, creationTimestamp, deletionTimestamp } = metadata;
  return { namespace, name, uid, creationTimestamp, deleting: deletionTimestamp !== undefined };
}
