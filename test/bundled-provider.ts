import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Provider, Store } from "../src/api/provider.ts";
import { references } from "../src/core/credentials/gen/references.ts";
import { createPool } from "../src/core/shim/pool.ts";
import { createShim } from "../src/core/shim/shim.ts";
import { readBundleManifest } from "../src/local/bundle-manifest.ts";
import { launchBundle } from "../src/local/launch.ts";
import { createRunKeys, serverName, type RunKeys } from "../src/local/run-keys.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { certificates } from "../src/wire/certificates.ts";
import { plainCommand } from "./plain-command.ts";

/** A provider's bundle as built, running in a process of its own, with core's shim before it. */
export interface BundledProvider {
  providerFor(store: Store): Provider;
  readonly process: ChildProcess;
  readonly port: number;
  readonly keys: RunKeys;
  /** A sample of the adapter's /metrics; 0 when there is none. `labels` as they are printed: `method="Read"`. */
  metric(name: string, labels: string): Promise<number>;
  /** What it wrote to stderr so far. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts the bundle that serves `key` from the dist folder `folder`, as local mode would; keys are its own unless given,
 * the port is any free one, and `more` are flags beside local mode's.
 */
export async function startBundledProvider(
  folder: string,
  key: string,
  given?: RunKeys,
  ownPort = 0,
  more: readonly string[] = [],
): Promise<BundledProvider> {
  const bundle = (await readBundleManifest(folder)).bundles.get(key);
  if (bundle === undefined) throw new Error(`${join(folder, "providers.json")} has no bundle for ${key}`);
  const keys = given ?? (await createRunKeys(Date.now()));
  const launch = launchBundle(bundle, {
    environment: process.env,
    tlsDir: await keys.provider(bundle.name),
    logLevel: "info",
    knowsFlag: (flag) => process.allowedNodeEnvironmentFlags.has(flag),
  });
  const args = launch.args.map((arg) => (arg === "--port=0" ? `--port=${ownPort}` : arg));
  const child = spawn(...plainCommand(launch.command, [...args, ...more]), { stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => (log += String(chunk)));
  const { port, metricsPort } = await address(child, () => log);
  const pool = createPool();
  const shim = createShim({
    resolver: {
      endpoint: () => ({
        address: `127.0.0.1:${port}`,
        serverName: serverName(bundle.name),
        trust: "test",
        certificates: source,
      }),
    },
    references,
    pool,
    registry: createRegistry(),
  });
  const source = certificates(keys.core);
  return {
    providerFor: (store) => shim.providerFor(store),
    process: child,
    port,
    keys,
    metric: async (name, labels) => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    log: () => log,
    stop: async () => {
      pool.close();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await new Promise((resolve) => child.once("close", resolve));
      }
      keys.remove();
    },
  };
}

/** The one line that a bundle prints once it listens. */
async function address(
  child: ChildProcess,
  log: () => string,
): Promise<{ readonly port: number; readonly metricsPort: number }> {
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line) as { port: number; metricsPort: number };
  }
  throw new Error(`the bundle ended before it listened: ${log()}`);
}
