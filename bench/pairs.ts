import { join } from "node:path";
import { readBundleManifest, type Bundle } from "../src/local/bundle-manifest.ts";
import { launchBundle } from "../src/local/launch.ts";
import type { Launch } from "../src/local/child.ts";
import { createRunKeys, serverName, type RunKeys } from "../src/local/run-keys.ts";
import type { Load } from "./load/load.ts";
import { cpuTime, startClient, startServer } from "./processes.ts";
import type { Figures } from "./rounds.ts";

const root = join(import.meta.dirname, "..");
const bundles = join(root, ".outboard", "bench");

/** Core's bundle. */
export const coreBundle = join(root, "dist", "core", "outboard.cjs");

/** "bare" is grpc-js alone, "outboard" is shim and adapter around the fake provider. */
export type Side = "bare" | "outboard";

/** How a server of either side is started, exactly as local mode starts a provider. */
export async function launchOf(side: Side, keys: RunKeys): Promise<Launch> {
  const bundle = await serverBundle(side);
  return launchBundle(bundle, {
    environment: process.env,
    tlsDir: await keys.provider(bundle.name),
    logLevel: "error",
    knowsFlag: (flag) => process.allowedNodeEnvironmentFlags.has(flag),
  });
}

/** A client and its server, each a process of its own. */
export interface Pair {
  /** Makes calls and says what they cost: CPU of both processes. */
  run(load: Load): Promise<Figures>;
  stop(): Promise<void>;
}

/** Starts the pair of a side. */
export async function startPair(side: Side): Promise<Pair> {
  const keys = await createRunKeys(Date.now());
  const server = await startServer(await launchOf(side, keys));
  const client = startClient(join(bundles, side === "bare" ? "bare-client.cjs" : "shim-client.cjs"));
  const { name } = await serverBundle(side);
  const target = { port: server.port, serverName: serverName(name), certificates: keys.core };
  return {
    run: async (load) => {
      const before = { client: cpuTime(client.pid), server: cpuTime(server.pid) };
      const { calls } = await client.run(target, load);
      const clientCpu = cpuTime(client.pid) - before.client;
      const serverCpu = cpuTime(server.pid) - before.server;
      const cpu = clientCpu + serverCpu;
      const secrets = calls * load.reads;
      return {
        calls,
        clientMicroseconds: (clientCpu * 1000) / calls,
        serverMicroseconds: (serverCpu * 1000) / calls,
        microseconds: (cpu * 1000) / calls,
        secretsPerCpuSecond: (secrets * 1000) / cpu,
      };
    },
    stop: async () => {
      await Promise.all([client.stop(), server.stop()]);
      keys.remove();
    },
  };
}

async function serverBundle(side: Side): Promise<Bundle> {
  if (side === "bare") {
    const file = join(bundles, "bare-server.cjs");
    return { name: "bare", displayName: "grpc-js alone", keys: [], file, sha256: "", bytes: 0 };
  }
  const fake = (await readBundleManifest(join(root, "dist"))).bundles.get("fake");
  if (fake === undefined) throw new Error("dist has no bundle of fake");
  return fake;
}
