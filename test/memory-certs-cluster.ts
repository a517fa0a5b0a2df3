import { ClusterError, keyId, type EventRecord, type ObjectKey } from "../src/cluster/cluster.ts";
import { createNotifier } from "../src/cluster/notify.ts";
import type { CertificateSecret, CertificateSecretWrite } from "../src/cluster/certificate-secret.ts";
import type { CertsCluster, CertsNamespace, LabelledService } from "../src/certs/cluster.ts";

/** A CertsCluster in memory, with the hands of an administrator and of an API server that fails. */
export interface MemoryCertsCluster extends CertsCluster {
  readonly secrets: Map<string, CertificateSecret>;
  /** Events as "NAMESPACE/SERVICE REASON". */
  readonly events: string[];
  /** Requests as "create NAMESPACE/NAME". */
  readonly requests: string[];
  setNamespace(name: string, facts?: Partial<CertsNamespace>): void;
  setService(namespace: string, name: string, facts?: Partial<LabelledService>): void;
  removeService(namespace: string, name: string): void;
  /** Changes a Secret as a user would; null removes it. */
  edit(id: string, change: Partial<CertificateSecret> | null): void;
  /** Called before each request; what it throws is what the API server says. */
  refuse: (request: string) => void;
}

/** @param watched whether changes of a Secret are told: those with a fixed name */
export function memoryCertsCluster(watched: (key: ObjectKey) => boolean): MemoryCertsCluster {
  const services = new Map<string, LabelledService>();
  const namespaces = new Map<string, CertsNamespace>();
  const secrets = new Map<string, CertificateSecret>();
  const events: string[] = [];
  const requests: string[] = [];
  const notifier = createNotifier();
  let version = 0;

  function put(secret: CertificateSecret): CertificateSecret {
    version += 1;
    const stored = { ...secret, resourceVersion: String(version) };
    secrets.set(keyId(secret.key), stored);
    if (watched(secret.key)) notifier.changed({ kind: "Secret", key: secret.key });
    return stored;
  }
  async function request(verb: string, key: ObjectKey): Promise<CertificateSecret | undefined> {
    requests.push(`${verb} ${keyId(key)}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
    cluster.refuse(`${verb} ${keyId(key)}`);
    return secrets.get(keyId(key));
  }

  const cluster: MemoryCertsCluster = {
    secrets,
    events,
    requests,
    refuse: () => {},
    services: () => [...services.values()],
    namespace: (name) => namespaces.get(name),
    read: (key) => request("read", key),
    create: async (write) => {
      if (await request("create", write.key)) throw new ClusterError("AlreadyExists", "there is one");
      if ([...write.data.values()].includes(null)) throw new ClusterError("Invalid", "null is no value");
      version += 1;
      return put(merge({ ...blank(write.key, write.type), uid: `uid-${version}` }, write));
    },
    patch: async (write, resourceVersion) => {
      const held = await request("patch", write.key);
      if (held === undefined) throw new ClusterError("NotFound", "there is none");
      if (held.resourceVersion !== resourceVersion) throw new ClusterError("Conflict", "it changed");
      return put(merge(held, write));
    },
    event: (service, { reason }: EventRecord) => events.push(`${keyId(service)} ${reason}`),
    watch: (listener) => notifier.watch(listener),
    setNamespace: (name, facts = {}) => {
      namespaces.set(name, { name, labels: {}, terminating: false, ...facts });
      notifier.changed({ kind: "Namespace", key: { namespace: "", name } });
    },
    setService: (namespace, name, facts = {}) => {
      const creationTimestamp = "2026-01-01T00:00:00Z";
      const uid = `${namespace}-${name}`;
      services.set(`${namespace}/${name}`, { namespace, name, uid, creationTimestamp, deleting: false, ...facts });
      notifier.changed({ kind: "Service", key: { namespace, name } });
    },
    removeService: (namespace, name) => {
      services.delete(`${namespace}/${name}`);
      notifier.changed({ kind: "Service", key: { namespace, name } });
    },
    edit: (id, change) => {
      const [namespace = "", name = ""] = id.split("/");
      const key = { namespace, name };
      if (change !== null) put({ ...(secrets.get(id) ?? blank(key, "Opaque")), ...change });
      else if (secrets.delete(id) && watched(key)) notifier.changed({ kind: "Secret", key });
    },
  };
  return cluster;
}

function blank(key: ObjectKey, type: string): CertificateSecret {
  const empty = { labels: {}, annotations: {}, ownerReferences: [], data: new Map<string, Uint8Array>() };
  return { key, uid: "uid", resourceVersion: "", type, ...empty };
}

/** RFC 7386. */
function merge(held: CertificateSecret, write: CertificateSecretWrite): CertificateSecret {
  const { labels, annotations, data, ownerReferences } = write;
  const merged = <T>(before: Iterable<readonly [string, T]>, after: Iterable<readonly [string, T | null]>) => {
    const entries = new Map<string, T>(before);
    for (const [key, value] of after) {
      if (value === null) entries.delete(key);
      else entries.set(key, value);
    }
    return entries;
  };
  return {
    ...held,
    labels: { ...held.labels, ...labels },
    annotations: Object.fromEntries(merged(Object.entries(held.annotations), Object.entries(annotations))),
    ownerReferences,
    data: merged(held.data, data),
  };
}
