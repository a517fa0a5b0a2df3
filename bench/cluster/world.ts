import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { startBundledProvider, type BundledProvider } from "../../test/bundled-provider.ts";
import {
  addressOf,
  classOf,
  externalSecretOf,
  fakeStore,
  install,
  readyOf,
  type Installation,
} from "../../test/core-process.ts";
import { scriptedStore } from "../../test/faults/fault-world.ts";
import { objectsOf } from "../../test/faults/objects-of.ts";
import { dist, testBundles } from "../../test/test-bundles.ts";
import { coreBundle } from "../pairs.ts";
import { secretValue } from "../load/store.ts";
import { AuditTail, isStatusWrite, type Asked } from "./audit-tail.ts";
import { startMeasuredCore, type MeasuredCore } from "./core.ts";

/** Where the ExternalSecrets are; each namespace has a store "main" (answers from memory) and "slow" (after 20 ms). */
export const spaces: readonly string[] = Array.from({ length: 10 }, (_, index) => `team-${index}`);

/** Stores of {@link spaces}, and the key that is read of each. */
export const stores = { main: "password", slow: `slow:20:${secretValue}` } as const;

/** A cluster with stores, in which core is started and measured. */
export interface BenchWorld extends Installation, ReturnType<typeof objectsOf> {
  /** The process that serves "slow"; `provider` is that of "main". */
  readonly slow: BundledProvider;
  readonly tail: AuditTail;
  core(args?: readonly string[], file?: string): Promise<MeasuredCore>;
  /** Makes ExternalSecrets, spread over the namespaces: NAME-0, NAME-1... */
  add(name: string, count: number, spec: Wanted): Promise<void>;
  /** Makes one more, anywhere; "NAMESPACE/NAME". */
  addOne(index: number, spec: Wanted): Promise<string>;
  /** Rejects unless so many ExternalSecrets are Ready and none is not. */
  checkReady(count: number): Promise<void>;
  /** Waits until core has written the status of so many objects; all that was asked meanwhile. */
  synced(count: number): Promise<readonly Asked[]>;
  /** Takes ExternalSecrets, Secrets and events away. */
  clear(): Promise<void>;
  /** Kills what serves "main". */
  killProvider(): Promise<void>;
  /** Starts it again where it was. */
  startProvider(): Promise<BundledProvider>;
}

/** What of an ExternalSecret is chosen. */
export interface Wanted {
  readonly store: keyof typeof stores;
  readonly refreshInterval: string;
}

/** Milliseconds between two looks at the audit log. */
const interval = 100;

export async function startBenchWorld(): Promise<BenchWorld> {
  const installation = await install("base", spaces, "fake", { audit: "batch" });
  const { api, provider } = installation;
  await installation.applyCrds();
  const slow = await startBundledProvider(testBundles, "chef", provider.keys);
  await installation.apply("default", classOf("fake"), classOf("scripted"));
  const objects = objectsOf(api);
  for (const space of spaces) {
    await objects.make(space, [fakeStore({ [stores.main]: secretValue }), scriptedStore({}, "slow")]);
  }
  const tail = new AuditTail(api.auditLog);
  let again: BundledProvider | undefined;
  const core: BenchWorld["core"] = (args = [], file = coreBundle) =>
    startMeasuredCore(installation, [`--resolve=${addressOf("scripted")}=127.0.0.1:${slow.port}`, ...args], file);
  // Stores and classes are checked before anything is measured.
  const first = await core();
  for (const space of spaces) {
    while (
      [...(await objects.objects(space, "secretstores")).values()].some((store) => readyOf(store)?.status !== "True")
    )
      await sleep(interval);
  }
  await first.stop();
  return {
    ...installation,
    ...objects,
    slow,
    tail,
    core,
    add: async (name, count, wanted) => {
      for (const [at, space] of spaces.entries()) {
        const own = Array.from({ length: count }, (_, index) => index).filter((index) => index % spaces.length === at);
        await objects.make(
          space,
          own.map((index) => wantedOf(`${name}-${index}`, wanted)),
        );
      }
    },
    addOne: async (index, wanted) => {
      const space = spaces[index % spaces.length] ?? "";
      await objects.make(space, [wantedOf(`new-${index}`, wanted)]);
      return `${space}/new-${index}`;
    },
    checkReady: async (count) => {
      let ready = 0;
      for (const space of spaces) {
        for (const [name, object] of await objects.objects(space, "externalsecrets")) {
          const condition = readyOf(object);
          if (condition?.status !== "True") throw new Error(`${space}/${name}: ${JSON.stringify(condition)}`);
          ready += 1;
        }
      }
      if (ready !== count) throw new Error(`${ready} of ${count} ExternalSecrets are there`);
    },
    synced: async (count) => {
      const asked: Asked[] = [];
      const done = new Set<string>();
      const late = Date.now() + 5 * 60_000;
      while (done.size < count) {
        if (Date.now() > late) throw new Error(`${done.size} of ${count} were written in 5 minutes`);
        await sleep(interval);
        for (const each of tail.read()) {
          asked.push(each);
          if (isStatusWrite(each)) done.add(each.object);
        }
      }
      return asked;
    },
    clear: async () => {
      for (const space of spaces) {
        for (const path of [
          `/apis/external-secrets.io/v1/namespaces/${space}/externalsecrets`,
          `/api/v1/namespaces/${space}/secrets`,
          `/api/v1/namespaces/${space}/events`,
        ]) {
          const { status } = await api.request("DELETE", path);
          if (status !== 200) throw new Error(`${path}: ${status}`);
        }
      }
    },
    killProvider: async () => {
      const { process } = again ?? provider;
      process.kill("SIGKILL");
      await once(process, "close");
    },
    startProvider: async () => {
      again = await startBundledProvider(dist, "fake", provider.keys, provider.port);
      return again;
    },
    stop: async () => {
      tail.close();
      await again?.stop();
      await slow.stop();
      await installation.stop();
    },
  };
}

function wantedOf(name: string, { store, refreshInterval }: Wanted): object {
  return externalSecretOf(stores[store], { refreshInterval, secretStoreRef: { name: store } }, { name });
}
