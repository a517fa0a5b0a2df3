import type { Test } from "tap";
import { externalSecret } from "../../src/api/kinds/external-secret.ts";
import type { Cluster, ClusterErrorReason, ObjectKey } from "../../src/cluster/cluster.ts";
import type { Kind, KubeObject, SecretObject, SecretWrite } from "../../src/cluster/objects.ts";

/** What an administrator does to the API past the Cluster: objects as in manifests, whole. */
export interface ClusterAdmin {
  create(manifest: Manifest): Promise<void>;
  /** Replaces all but the status. */
  replace(manifest: Manifest): Promise<void>;
  delete(kind: Kind, key: ObjectKey): Promise<void>;
}

/** An object as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly [field: string]: unknown;
}

/** A cluster under test; its kinds are those of deploy/crds. */
export interface ContractWorld {
  readonly cluster: Cluster;
  readonly admin: ClusterAdmin;
}

/** One case; `namespace` exists, is the case's own and empty. */
export interface ContractCase {
  readonly name: string;
  run(t: Test, world: ContractWorld, namespace: string): Promise<void>;
}

/** Kubernetes' own manager names are longer than these; both write Secrets in the cases. */
export const manager = "externalsecrets.external-secrets.io/contract";

/** Never aborted. */
export const signal = new AbortController().signal;

/** A manifest that the API takes, with `more` on its metadata. */
export function externalSecretManifest(
  namespace: string,
  more: Partial<Manifest["metadata"]> = {},
  remoteKey = "key",
): Manifest {
  return {
    apiVersion: externalSecret.apiVersion,
    kind: externalSecret.kind,
    metadata: { name: "app", namespace, ...more },
    spec: { secretStoreRef: { name: "store" }, data: [{ secretKey: "password", remoteRef: { key: remoteKey } }] },
  };
}

/** A Secret of one key, managed by us as ESO's label says. */
export function managedSecret(namespace: string, more: Partial<SecretWrite> = {}): SecretWrite {
  return {
    namespace,
    name: "app",
    labels: { "reconcile.external-secrets.io/managed": "true" },
    annotations: {},
    finalizers: [],
    ownerReferences: [],
    data: new Map([["password", Buffer.from("first")]]),
    ...more,
  };
}

/** Waits for what the API does in its own time: the garbage collector, a watch. */
export async function eventually<Value>(look: () => Value | undefined | false, what: string): Promise<Value> {
  for (let tries = 0; tries < 3000; tries++) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in 30 s: ${what}`);
}

/** Asserts that the promise rejects with a ClusterError of that reason. */
export async function refused(t: Test, promise: Promise<unknown>, reason: ClusterErrorReason, what: string) {
  await t.rejects(promise, { name: "ClusterError", reason }, what);
}

/** The object, once the view has it. */
export function seen(cluster: Cluster, key: ObjectKey): Promise<KubeObject> {
  return eventually(() => cluster.get(externalSecret, key), `${key.name} is in the view`);
}

/** Text of a Secret's value. */
export function textOf(secret: SecretObject | undefined, key: string): string | undefined {
  const value = secret?.data?.get(key);
  return value && Buffer.from(value).toString();
}
