import { setTimeout as sleep } from "node:timers/promises";
import { checkBundle } from "./bundle-manifest.ts";
import type { Bundle, BundleManifest } from "./bundle-manifest.ts";
import { startChild } from "./child.ts";
import type { Child, Launch } from "./child.ts";

const firstDelay = 100;
const lastDelay = 10_000;

/** A child that lived this long starts over with the first delay. */
const settledAfter = 10_000;

/** Where a provider's process stands. It stays `failed`, with the reason, until it runs again. */
export type ProcessState =
  | { readonly phase: "starting" }
  | { readonly phase: "running"; readonly port: number }
  | { readonly phase: "failed"; readonly reason: string };

/** What {@link createSupervisor} needs. */
export interface SupervisorOptions {
  readonly manifest: BundleManifest;
  /** How to run a bundle whose hash was checked. */
  launch(bundle: Bundle): Promise<Launch>;
  /** Hears each change of a provider's state. */
  onState(bundle: Bundle, state: ProcessState): void;
  /** Hears each line of a provider's stderr, unescaped. */
  onLine(bundle: Bundle, line: string): void;
  /** Milliseconds that a child may take until it says where it listens. */
  readonly startTimeout: number;
  /** Milliseconds that a child may take to finish its calls when it is asked to end. */
  readonly stopGrace: number;
}

/** Runs the bundles that stores need, one process for each, and starts them again when they end. */
export interface Supervisor {
  /**
   * Runs the provider that serves a key, from the first call on. Resolves when it runs or has failed once. A key that
   * no bundle serves: nothing happens.
   */
  start(key: string): Promise<void>;
  /** Where the provider that serves a key stands; undefined when it was not started. */
  state(key: string): ProcessState | undefined;
  /** Ends every child and starts none any more. */
  stop(): Promise<void>;
}

/** Milliseconds to wait before a start, after so many failed ones in a row. */
export function restartDelay(failures: number): number {
  return Math.min(lastDelay, firstDelay * 2 ** failures);
}

/** A supervisor of the bundles of a manifest. Nothing runs until it is asked for. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { manifest } = options;
  const stopping = new AbortController();
  const states = new Map<string, ProcessState>();
  const firsts = new Map<string, Promise<void>>();
  const lives = new Set<Promise<void>>();
  const children = new Set<Child>();

  const set = (bundle: Bundle, state: ProcessState): void => {
    if (stopping.signal.aborted) return;
    states.set(bundle.name, state);
    options.onState(bundle, state);
  };

  /** One life of a child; resolves when it is over, with the reason. */
  const live = async (bundle: Bundle, onSettled: () => void): Promise<string> => {
    const launch = await prepare(options, bundle);
    if (typeof launch === "string") return launch;
    if (stopping.signal.aborted) return "local mode is ending";
    const child = startChild(launch, (line) => options.onLine(bundle, line));
    children.add(child);
    try {
      const port = await within(child.port, options.startTimeout);
      set(bundle, { phase: "running", port });
      onSettled();
      return `provider ${bundle.name} ${await child.ended}`;
    } catch (error) {
      await child.stop(0);
      return `provider ${bundle.name} ${(error as Error).message}`;
    } finally {
      children.delete(child);
    }
  };

  const keepAlive = async (bundle: Bundle, onSettled: () => void): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      const startedAt = performance.now();
      const reason = await live(bundle, onSettled);
      if (performance.now() - startedAt >= settledAfter) failures = 0;
      set(bundle, { phase: "failed", reason });
      onSettled();
      await sleep(restartDelay(failures), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };

  return {
    start: async (key) => {
      const bundle = manifest.bundles.get(key);
      if (bundle === undefined || stopping.signal.aborted) return;
      let first = firsts.get(bundle.name);
      if (first === undefined) {
        set(bundle, { phase: "starting" });
        const { promise, resolve } = Promise.withResolvers<void>();
        first = promise;
        firsts.set(bundle.name, first);
        lives.add(keepAlive(bundle, resolve));
      }
      await first;
    },
    state: (key) => states.get(manifest.bundles.get(key)?.name ?? ""),
    stop: async () => {
      stopping.abort();
      await Promise.all([...children].map((child) => child.stop(options.stopGrace)));
      await Promise.all(lives);
    },
  };
}

/** How to run a bundle, or why it cannot be run. */
async function prepare(options: SupervisorOptions, bundle: Bundle): Promise<Launch | string> {
  try {
    await checkBundle(options.manifest.folder, bundle);
    return await options.launch(bundle);
  } catch (error) {
    return (error as Error).message;
  }
}

async function within(port: Promise<number>, timeout: number): Promise<number> {
  const timer = new AbortController();
  const late = sleep(timeout, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`did not say within ${timeout / 1000} s where it listens`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([port, late]);
  } finally {
    timer.abort();
  }
}
