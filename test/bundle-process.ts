import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readBundleManifest } from "../src/local/bundle-manifest.ts";
import { launchBundle } from "../src/local/launch.ts";
import { serverName, type RunKeys } from "../src/local/run-keys.ts";
import { plainCommand } from "./plain-command.ts";

/** A provider's bundle as built, running in a process of its own. */
export interface BundleProcess {
  readonly process: ChildProcess;
  /** IP address and port as they are dialled. */
  readonly address: string;
  readonly port: number;
  readonly serverName: string;
  /** A sample of the adapter's /metrics; 0 when there is none. `labels` as they are printed: `method="Read"`. */
  metric(name: string, labels: string): Promise<number>;
  /** What it wrote to stderr so far. */
  log(): string;
  /** Sends the signal and waits for the end; at once when it has ended. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** What {@link startBundle} starts. */
export interface BundleOptions {
  /** The dist folder. */
  readonly folder: string;
  /** The key that the bundle serves. */
  readonly key: string;
  readonly keys: Pick<RunKeys, "provider">;
  /** IP address that it listens on; loopback by default. */
  readonly host?: string;
  /** Any free one by default. */
  readonly port?: number;
  /** Flags beside local mode's. */
  readonly more?: readonly string[];
}

/** Starts a bundle as local mode would; it listens when this resolves. */
export async function startBundle(options: BundleOptions): Promise<BundleProcess> {
  const { folder, key, keys, host = "127.0.0.1", port: ownPort = 0, more = [] } = options;
  const bundle = (await readBundleManifest(folder)).bundles.get(key);
  if (bundle === undefined) throw new Error(`${join(folder, "providers.json")} has no bundle for ${key}`);
  const launch = launchBundle(bundle, {
    environment: process.env,
    tlsDir: await keys.provider(bundle.name),
    logLevel: "info",
    knowsFlag: (flag) => process.allowedNodeEnvironmentFlags.has(flag),
  });
  const own = new Map([
    ["--host=127.0.0.1", `--host=${host}`],
    ["--port=0", `--port=${ownPort}`],
  ]);
  const args = launch.args.map((arg) => own.get(arg) ?? arg);
  const child = spawn(...plainCommand(launch.command, [...args, ...more]), { stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk) => (log += String(chunk)));
  const { port, metricsPort } = await firstLine(child, () => log);
  const named = host.includes(":") ? `[${host}]` : host;
  return {
    process: child,
    address: `${named}:${port}`,
    port,
    serverName: serverName(bundle.name),
    metric: async (name, labels) => {
      const text = await (await fetch(`http://${named}:${metricsPort}/metrics`)).text();
      const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    log: () => log,
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, "close");
      child.kill(signal);
      await closed;
    },
  };
}

/** The one line that a bundle prints once it listens. */
async function firstLine(
  child: ChildProcess,
  log: () => string,
): Promise<{ readonly port: number; readonly metricsPort: number }> {
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: child.stdout })) {
    return JSON.parse(line) as { port: number; metricsPort: number };
  }
  throw new Error(`the bundle ended before it listened: ${log()}`);
}
