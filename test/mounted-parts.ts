import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Test } from "tap";
import type { CertsInstallation } from "./certs-process.ts";
import { addressOf } from "./core-process.ts";
import { searchForPlanted } from "./e2e/outboard.ts";
import { freePort } from "./free-port.ts";
import { mountSecret, type MountOptions } from "./kubelet.ts";
import { plainCommand } from "./plain-command.ts";
import { deploymentCommand, startShipped, systemNamespace, type ShippedProcess } from "./shipped-process.ts";
import { dist, root } from "./test-bundles.ts";

/** Secret of core's certificate. */
export const coreSecret = "eso-provider-client-tls";

/** Secret of a provider's certificate. */
export function providerSecret(provider: string): string {
  return `external-secrets-provider-tls-provider-${provider}`;
}

/** A process, and where its Secret is mounted. */
export type Mounted<T> = T & { readonly folder: string };

/** How {@link startMountedCore} starts it. */
export interface CoreOptions extends MountOptions {
  /** Port here of each provider, by its address in the cluster. */
  readonly resolve: Readonly<Record<string, number>>;
  readonly args?: readonly string[];
  /** The Secret that is mounted; by default core's. */
  readonly secret?: string;
}

/** Starts core as its Deployment says, with its Secret mounted, which may not be there yet. */
export async function startMountedCore(
  t: Test,
  world: CertsInstallation,
  { resolve, args = [], secret = coreSecret, ...mount }: CoreOptions,
): Promise<Mounted<ShippedProcess>> {
  const { kubeconfig } = await world.api.serviceAccount(systemNamespace, "outboard-core");
  const folder = mountSecret(t, world, systemNamespace, secret, mount);
  const dialled = Object.entries(resolve).map(([address, port]) => `--resolve=${address}=127.0.0.1:${port}`);
  const core = await startShipped(t, world.api, {
    deployment: "outboard-core",
    kubeconfig,
    mounts: { "/etc/outboard/certs": folder },
    args: [`--tls-dir=${folder}`, ...dialled, ...args],
  });
  return { ...core, folder };
}

/** A provider's bundle, running as its Deployment says. */
export interface ProviderProcess {
  readonly process: ChildProcess;
  /** What it wrote to stderr so far. */
  log(): string;
  /** What it wrote to stdout so far. */
  printed(): string;
  /** Body of a probe or of /metrics; what went wrong while it does not answer. */
  ask(path: "/readyz" | "/metrics"): Promise<string>;
}

/** How {@link startMountedProvider} starts it. */
export interface ProviderOptions extends MountOptions {
  readonly port: number;
  /** IP address that it listens on, and where its metrics are; all, asked on loopback, by default. */
  readonly host?: string;
  /** Secret of its certificate; by default that of its own Service. */
  readonly secret?: string;
  readonly args?: readonly string[];
  /** A module that is loaded before the bundle. */
  readonly preload?: string;
}

/** Applies a provider's manifests and starts it with its Secret mounted, which may not be there yet. */
export async function startMountedProvider(
  t: Test,
  world: CertsInstallation,
  name: string,
  { port, host, secret = providerSecret(name), args = [], preload, ...mount }: ProviderOptions,
): Promise<Mounted<ProviderProcess>> {
  await world.api.kubectl(["apply", "-k", join(root, "deploy", "kustomize", "providers", name)]);
  const folder = mountSecret(t, world, systemNamespace, secret, mount);
  const metricsPort = await freePort();
  const folders = { "/app": join(dist, "providers", name), "/etc/provider/certs": folder };
  const command = await deploymentCommand(world.api, `provider-${name}`, folders);
  const loaded = preload === undefined ? [] : [`--allow-fs-read=${preload}`, `--import=${preload}`];
  const [program = "", ...rest] = command.toSpliced(command.indexOf("--"), 0, ...loaded);
  // The last one: it ends with the test, however that ends.
  const ports = [`--port=${port}`, `--metrics-port=${metricsPort}`, ...(host === undefined ? [] : [`--host=${host}`])];
  const flags = [`--tls-dir=${folder}`, ...ports, ...args, "--parent-stdin"];
  const child = spawn(...plainCommand(program, [...rest, ...flags]), { stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  const exited = new Promise((resolve) => child.once("close", resolve));
  t.teardown(async () => {
    child.kill("SIGKILL");
    await exited;
    searchForPlanted(t, log + printed);
  });
  return {
    process: child,
    folder,
    log: () => log,
    printed: () => printed,
    ask: async (path) => {
      if (child.exitCode !== null) throw new Error(`provider ${name} ended:\n${log}`);
      return fetch(`http://${host ?? "127.0.0.1"}:${metricsPort}${path}`).then(async (answer) => answer.text(), String);
    },
  };
}

/** A ClusterProviderClass that names no certificates; its address is that of the provider's Service unless given. */
export function mountedClass(name: string, address = addressOf(name)): object {
  return {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: "ClusterProviderClass",
    metadata: { name },
    spec: { address },
  };
}

/** Applies objects in a namespace. */
export async function applyIn(
  { api }: Pick<CertsInstallation, "api">,
  namespace: string,
  ...manifests: readonly object[]
): Promise<void> {
  const input = manifests.map((manifest) => JSON.stringify(manifest)).join("\n---\n");
  await api.kubectl(["-n", namespace, "apply", "-f", "-"], input);
}
