import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Test } from "tap";
import { policiesRule } from "./admission.ts";
import { startApiServer, type ApiServer, type ApiServerOptions } from "./api-server.ts";
import { until } from "./e2e/outboard.ts";
import { startShipped, systemNamespace, type ShippedProcess } from "./shipped-process.ts";
import { root } from "./test-bundles.ts";

/** A namespace of the cluster's own providers beside the system namespace, as components/provider-namespace makes it. */
export const providerNamespace = "secret-providers";

/** A Secret as the API has it, decoded. */
export interface StoredSecret {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owners: readonly string[];
  readonly data: ReadonlyMap<string, string>;
}

/** A cluster with the shipped manifests, for the certificate controller. */
export interface CertsInstallation {
  readonly api: ApiServer;
  /** As the audit log has the certificate controller. */
  readonly username: string;
  /** Kubeconfig of its own account. */
  readonly kubeconfig: string;
  /** Makes a namespace of the case's own. */
  namespace(): Promise<string>;
  /** Makes a labelled Service. */
  service(namespace: string, name: string): Promise<void>;
  secret(namespace: string, name: string): Promise<StoredSecret | undefined>;
  /** Resolves with the Secret once it is there and `isWanted`. */
  secretOnce(namespace: string, name: string, isWanted?: (secret: StoredSecret) => boolean): Promise<StoredSecret>;
  /** Asks for what is in the Secret anew. */
  rotate(namespace: string, name: string): Promise<void>;
  /** Events of a namespace, as "Reason object xCOUNT: message". */
  events(namespace: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Installs deploy/kustomize/base, and the component in {@link providerNamespace}; its policies rule when it resolves. */
export async function installCerts(options: ApiServerOptions = {}, folder = "base"): Promise<CertsInstallation> {
  const api = await startApiServer({ audit: true, ...options });
  const { kubectl } = api;
  await kubectl(["apply", "-k", join(root, "deploy", "kustomize", folder)]);
  await kubectl(["apply", "-k", join(root, "deploy", "kustomize", "examples", "provider-namespace")]);
  const { username, kubeconfig } = await api.serviceAccount(systemNamespace, "outboard-certs");
  await policiesRule(api);
  let namespaces = 0;
  const secret: CertsInstallation["secret"] = async (namespace, name) => {
    const { status, body } = await api.request("GET", `/api/v1/namespaces/${namespace}/secrets/${name}`);
    return status === 200 ? storedSecret(body as SecretJson) : undefined;
  };
  return {
    api,
    username,
    kubeconfig,
    namespace: async () => {
      const name = `team-${++namespaces}`;
      await kubectl(["create", "namespace", name]);
      return name;
    },
    service: async (namespace, name) => {
      const metadata = { name, labels: { "external-secrets.io/provider": "true" } };
      const service = { metadata, spec: { clusterIP: "None", ports: [{ port: 8080 }] } };
      const { status, body } = await api.request("POST", `/api/v1/namespaces/${namespace}/services`, service);
      if (status !== 201) throw new Error(`${namespace}/${name}: ${JSON.stringify(body)}`);
    },
    secret,
    secretOnce: async (namespace, name, isWanted = () => true) => {
      let seen: StoredSecret | undefined;
      await until(
        async () => {
          seen = await secret(namespace, name);
          return seen !== undefined && isWanted(seen);
        },
        () => `Secret ${namespace}/${name} ${seen === undefined ? "is not there" : "is not as it should be"}`,
      );
      if (seen === undefined) throw new Error("it was there");
      return seen;
    },
    rotate: async (namespace, name) => {
      await kubectl(["-n", namespace, "annotate", "secret", name, "external-secrets.io/rotate=now"]);
    },
    events: async (namespace) => {
      const { items } = JSON.parse(await kubectl(["-n", namespace, "get", "events", "-o=json"])) as {
        readonly items: readonly EventJson[];
      };
      return items.map(
        ({ reason, count, message, involvedObject: { name } }) => `${reason} ${name} x${count}: ${message}`,
      );
    },
    stop: () => api.stop(),
  };
}

/** Looks often enough for a test to wait for it. */
export const quickLooks = ["--interval=1s", "--look-interval=1s"];

/** Starts `outboard certs` as its Deployment says. */
export async function startCertsProcess(
  t: Test,
  { api, kubeconfig }: CertsInstallation,
  args: readonly string[] = quickLooks,
): Promise<ShippedProcess> {
  const shipped = { deployment: "outboard-certs", kubeconfig, args: ["--loglevel=debug", ...args] };
  return startShipped(t, api, shipped);
}

/** The certificate in `tls.crt`. */
export function certificateIn(secret: StoredSecret): X509Certificate {
  return new X509Certificate(secret.data.get("tls.crt") ?? "");
}

/** How many certificates `ca.crt` holds. */
export function trustedBy({ data }: StoredSecret): number {
  return data.get("ca.crt")?.match(/BEGIN CERTIFICATE/g)?.length ?? 0;
}

interface SecretJson {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly type: string;
  readonly data?: Readonly<Record<string, string>>;
}

interface EventJson {
  readonly reason: string;
  readonly count: number;
  readonly message: string;
  readonly involvedObject: { readonly name: string };
}

function storedSecret({ metadata, type, data = {} }: SecretJson): StoredSecret {
  const { uid, resourceVersion, labels = {}, annotations = {}, ownerReferences = [] } = metadata;
  const text = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()] as const);
  const owners = ownerReferences.map(({ kind, name }) => `${kind}/${name}`);
  return { uid, resourceVersion, type, labels, annotations, owners, data: new Map(text) };
}

/** All Secrets there are, by "namespace/name". */
export async function storedSecrets({ api }: CertsInstallation): Promise<ReadonlyMap<string, StoredSecret>> {
  const { body } = await api.request("GET", "/api/v1/secrets");
  const { items } = body as { readonly items: readonly SecretJson[] };
  return new Map(items.map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, storedSecret(item)]));
}

/** Fails when what the process said holds a line of a private key of the cluster's Secrets. */
export async function keepsKeys(t: Test, world: CertsInstallation, process: ShippedProcess): Promise<void> {
  const said = JSON.stringify(process.log()) + (await process.ask("/metrics"));
  const secrets = [...(await storedSecrets(world)).values()];
  const keys = secrets.flatMap(({ data }) => [...data].filter(([name]) => name.endsWith(".key")));
  t.ok(keys.length > 0);
  const lines = keys.flatMap(([, pem]) => pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-")));
  t.strictSame(
    lines.filter((line) => said.includes(line)),
    [],
    "it said no key",
  );
}
