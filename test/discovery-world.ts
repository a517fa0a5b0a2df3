import type { Test } from "tap";
import { installCerts, providerNamespace, startCertsProcess, type CertsInstallation } from "./certs-process.ts";
import { readyOf, type KubeJson } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { until } from "./e2e/outboard.ts";
import {
  coreSecret,
  startMountedCore,
  startMountedProvider,
  type Mounted,
  type ProviderProcess,
} from "./mounted-parts.ts";
import { makePod, type TestPod } from "./pods.ts";
import { systemNamespace, type ShippedProcess } from "./shipped-process.ts";

/** What the API server gives out as its own address; the machine of the test's network namespace has it. */
export const machine = "10.99.0.1";

/** Port of gRPC in the shipped Services and Deployments. */
export const grpcPort = 8080;

/** A cluster in which core and the certificate controller run under their Roles, and no provider is installed yet. */
export interface DiscoveryWorld extends CertsInstallation {
  readonly core: ShippedProcess;
  /** An object, `path` as "secretstore/main". Rejects when there is none. */
  get(namespace: string, path: string): Promise<KubeJson>;
  /** Resolves with an object's Ready condition once it is as `wanted`. */
  comes(namespace: string, path: string, wanted: Ready): Promise<Required<Ready>>;
  /** Applies a provider's overlay and starts its bundle at an address, without a Pod to it. */
  provider(t: Test, name: string, host: string): Promise<Mounted<ProviderProcess>>;
  /** The same with its Pod, once it is ready. */
  pod(t: Test, name: string, pod: TestPod): Promise<Mounted<ProviderProcess>>;
}

/** What is said of a Ready condition. */
export interface Ready {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** Starts one, to be called in a network namespace that has {@link machine}; it ends with the test. */
export async function startDiscoveryWorld(t: Test, coreArgs: readonly string[] = []): Promise<DiscoveryWorld> {
  const world = await installCerts({ controllerManager: true, advertiseAddress: machine });
  t.teardown(() => world.stop());
  // The example of a provider namespace has one for the same key, which is older.
  await world.api.kubectl(["-n", providerNamespace, "delete", "service", "--all"]);
  await applyCrds(world.api);
  await startCertsProcess(t, world);
  await world.secretOnce(systemNamespace, coreSecret);
  const core = await startMountedCore(t, world, { resolve: {}, args: coreArgs });
  const get: DiscoveryWorld["get"] = async (namespace, path) =>
    JSON.parse(await world.api.kubectl(["-n", namespace, "get", ...path.split("/"), "-o=json"])) as KubeJson;
  const provider: DiscoveryWorld["provider"] = (t, name, host) =>
    startMountedProvider(t, world, name, { port: grpcPort, host });
  return {
    ...world,
    core,
    get,
    comes: async (namespace, path, wanted) => {
      let said: ReturnType<typeof readyOf>;
      await until(
        async () => {
          said = readyOf(await get(namespace, path));
          return said !== undefined && isAs(said, wanted);
        },
        () => `${path} of ${namespace} says ${JSON.stringify(said)}, and never was ${JSON.stringify(wanted)}`,
      );
      if (said === undefined) throw new Error("it had one");
      return said;
    },
    provider,
    pod: async (t, name, pod) => {
      const process = await provider(t, name, pod.ip);
      await isServing(process);
      await makePod(world.api, `provider-${name}`, pod);
      return process;
    },
  };
}

function isAs(said: Required<Ready>, { status = said.status, reason = said.reason }: Ready): boolean {
  return said.status === status && said.reason === reason;
}

/** Resolves once a provider's process says that it is ready. */
export async function isServing({ ask }: Pick<ProviderProcess, "ask">): Promise<void> {
  let awaited = "";
  await until(
    async () => (awaited = await ask("/readyz")) === "ready\n",
    () => `it is not ready: ${awaited}`,
  );
}
