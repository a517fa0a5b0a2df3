import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import { coreIdentity, type RunKeys } from "../src/local/run-keys.ts";
import { startApiServer, type ApiServer, type ApiServerOptions } from "./api-server.ts";
import { startBundledProvider, type BundledProvider } from "./bundled-provider.ts";
import { until } from "./e2e/outboard.ts";
import {
  shippedCommand,
  startShipped,
  systemNamespace,
  type Shipped,
  type ShippedProcess as CoreProcess,
} from "./shipped-process.ts";
import { dist, root } from "./test-bundles.ts";

export { systemNamespace, type CoreProcess };

/** A cluster with the shipped manifests, and a provider's process beside it. */
export interface Installation {
  readonly api: ApiServer;
  readonly provider: BundledProvider;
  /** Which provider that is. */
  readonly providerName: string;
  /** As the audit log has core. */
  readonly username: string;
  /** Kubeconfig of core's own account. */
  readonly kubeconfig: string;
  /** Core's own certificates, as its pod has them mounted. */
  readonly certificates: string;
  /** Applies deploy/crds. */
  applyCrds(): Promise<void>;
  /** kubectl apply, of objects without their namespace. */
  apply(namespace: string, ...manifests: readonly object[]): Promise<void>;
  /** The Secret that {@link classOf} names: core's certificate for providers. */
  applyCertificates(namespace: string): Promise<void>;
  /** An object, undefined when there is none; `path` as "externalsecrets/app". */
  get(namespace: string, path: string): Promise<KubeJson | undefined>;
  stop(): Promise<void>;
}

/** What tests read of objects. */
export interface KubeJson {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly managedFields?: readonly { readonly manager: string; readonly subresource?: string }[];
  };
  readonly type?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly [field: string]: unknown;
  };
}

/** Makes the namespaces, installs a folder of deploy/kustomize without CRDs yet, and starts a provider. */
export async function install(
  folder: string,
  namespaces: readonly string[] = [],
  providerName = "fake",
  options: ApiServerOptions = {},
): Promise<Installation> {
  const api = await startApiServer({ audit: true, ...options });
  for (const namespace of namespaces) await api.kubectl(["create", "namespace", namespace]);
  await api.kubectl(["apply", "-k", join(root, "deploy", "kustomize", folder)]);
  const { username, kubeconfig } = await api.serviceAccount(systemNamespace, "outboard-core");
  if (options.controllerManager === true) await configKindsAggregated(api);
  const { keys, certificates } = await installationKeys();
  const provider = await startBundledProvider(dist, providerName, keys);
  const { ca, cert, key } = keys.core;
  const apply = async (namespace: string, ...manifests: readonly object[]) => {
    const items = manifests.map((manifest) => JSON.stringify(manifest));
    await api.kubectl(
      ["-n", namespace, "apply", "--server-side", "--field-manager=test", "-f", "-"],
      items.join("\n---\n"),
    );
  };
  const applyCertificates = (namespace: string) =>
    apply(namespace, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "provider-tls" },
      stringData: { "ca.crt": ca, "tls.crt": cert, "tls.key": key },
    });
  await applyCertificates(systemNamespace);
  return {
    api,
    provider,
    providerName,
    username,
    kubeconfig,
    certificates,
    applyCrds: async () => {
      await api.kubectl(["apply", "--server-side", "-f", join(root, "deploy", "crds")]);
    },
    apply,
    applyCertificates,
    get: async (namespace, path) => {
      const text = await api.kubectl(["-n", namespace, "get", ...path.split("/"), "-o=json", "--ignore-not-found"]);
      return text.trim() === "" ? undefined : (JSON.parse(text) as KubeJson);
    },
    stop: async () => {
      await provider.stop();
      await api.stop();
    },
  };
}

/** Durations of leader election that a test can wait for. */
export const quickLease = [
  "--leader-election-lease-duration=3s",
  "--leader-election-renew-deadline=2s",
  "--leader-election-retry-period=500ms",
];

/** Starts core as its Deployment says; see {@link startShipped}. */
export async function startCoreProcess(
  t: Test,
  installation: Installation,
  args: readonly string[] = [],
  file?: string,
): Promise<CoreProcess> {
  return startShipped(t, installation.api, coreOf(installation, ["--loglevel=debug", ...args], file));
}

/** The command that {@link startCoreProcess} runs. */
export async function coreCommand(
  installation: Installation,
  args: readonly string[],
  file?: string,
): Promise<readonly [program: string, ...args: string[]]> {
  return shippedCommand(installation.api, coreOf(installation, args, file));
}

function coreOf(
  { kubeconfig, certificates, provider, providerName }: Installation,
  args: readonly string[],
  file?: string,
): Shipped {
  const resolve = `--resolve=${addressOf(providerName)}=127.0.0.1:${provider.port}`;
  return {
    deployment: "outboard-core",
    kubeconfig,
    mounts: { "/etc/outboard/certs": certificates },
    args: [`--tls-dir=${certificates}`, resolve, ...args],
    ...(file !== undefined && { file }),
  };
}

/** Address of the Service that deploy/kustomize/providers has for a provider. */
export function addressOf(provider: string): string {
  return `provider-${provider}.${systemNamespace}.svc:8080`;
}

/** Waits until Kubernetes has put the rights on config kinds together. */
async function configKindsAggregated({ kubectl }: ApiServer): Promise<void> {
  const role = ["get", "clusterrole", "outboard-core-config-kinds", "-o=jsonpath={.rules}"];
  await until(
    async () => (await kubectl(role)).includes("provider.external-secrets.io"),
    () => "nobody put the ClusterRole outboard-core-config-kinds together",
  );
}

/** Keys of core and of providers, whose names are those of their Services, and a folder with core's. */
async function installationKeys(): Promise<{ readonly keys: RunKeys; readonly certificates: string }> {
  const validity = { validity: 24 * 3_600_000, now: Date.now() };
  const ca = await createCa({ commonName: "installation", ...validity });
  const client = await issueLeaf({ ca, usage: "client", uris: [coreIdentity], ...validity });
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "outboard-installation-")));
  const write = (name: string, { certPem, keyPem }: { readonly certPem: string; readonly keyPem: string }) => {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    const files = { "ca.crt": ca.certPem, "tls.crt": certPem, "tls.key": keyPem };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(own, file), text, { mode: 0o600 });
    return own;
  };
  const keys: RunKeys = {
    core: { ca: ca.certPem, cert: client.certPem, key: client.keyPem },
    provider: async (name) => {
      const dnsNames = [addressOf(name).slice(0, -":8080".length)];
      return write(name, await issueLeaf({ ca, usage: "server", dnsNames, ...validity }));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  return { keys, certificates: write("core", client) };
}

/** The ClusterProviderClass of a provider's process. */
export function classOf(provider: string): object {
  return {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: "ClusterProviderClass",
    metadata: { name: provider },
    spec: { address: addressOf(provider), tls: { secretRef: { name: "provider-tls" } } },
  };
}

/** A SecretStore of the fake provider with these values. */
export function fakeStore(values: Readonly<Record<string, string>>, more: object = {}): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    metadata: { name: "main" },
    spec: {
      runtimeRef: { kind: "ClusterProviderClass", name: "fake" },
      provider: { fake: { data: Object.entries(values).map(([key, value]) => ({ key, value })) } },
      ...more,
    },
  };
}

/** An ExternalSecret that reads `key` of the store "main" into "password". */
export function externalSecretOf(key: string, more: object = {}, metadata: object = {}): object {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name: "app", ...metadata },
    spec: { secretStoreRef: { name: "main" }, data: [{ secretKey: "password", remoteRef: { key } }], ...more },
  };
}

/** `Ready` of an object's conditions. */
export function readyOf(object: KubeJson | undefined) {
  return object?.status?.conditions?.find(({ type }) => type === "Ready");
}
