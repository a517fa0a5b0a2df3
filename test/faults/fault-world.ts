import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Test } from "tap";
import { startBundledProvider, type BundledProvider } from "../bundled-provider.ts";
import { tools } from "../core-observation.ts";
import {
  addressOf,
  classOf,
  fakeStore,
  install,
  quickLease,
  readyOf,
  startCoreProcess,
  type CoreProcess,
  type Installation,
  type KubeJson,
} from "../core-process.ts";
import { until } from "../e2e/outboard.ts";
import { freePort } from "../free-port.ts";
import { testBundles } from "../test-bundles.ts";
import { objectsOf } from "./objects-of.ts";

/** An installation whose parts fail: beside the fake provider's process the scripted one's, which can start again. */
export interface FaultWorld extends Installation, ReturnType<typeof tools> {
  /** The scripted provider's process of now. */
  scripted(): BundledProvider;
  /** Kills it; what it served is refused. */
  killScripted(): Promise<void>;
  /** Starts it again where it was. */
  startScripted(): Promise<void>;
  /** Starts core, which knows both providers; `kubeconfig`: one of core's account that leads through a proxy. */
  core(t: Test, options?: { readonly kubeconfig?: string; readonly lease?: readonly string[] }): Promise<CoreProcess>;
  /** Makes the objects, many at once. */
  make(space: string, manifests: readonly object[]): Promise<void>;
  /** Objects of a namespace, by name. */
  objects(space: string, plural: Plural): Promise<ReadonlyMap<string, KubeJson>>;
  /** Until a namespace has `count` ExternalSecrets that are Ready, and no other. */
  allReady(space: string, count: number, patience?: number): Promise<void>;
  /** `password` of each Secret of a namespace, by name. */
  passwords(space: string): Promise<Readonly<Record<string, string>>>;
  /** How often core wrote each Secret of a namespace, by the audit log. */
  writes(space: string): ReadonlyMap<string, number>;
  /** Fails unless core comes to rest and nothing in the namespaces moves while it is. */
  rests(t: Test, core: CoreProcess, ...spaces: readonly string[]): Promise<void>;
}

/** Kinds that {@link FaultWorld} makes and lists. */
export type Plural = "externalsecrets" | "secretstores" | "secrets";

/** How long nothing may move, milliseconds. */
const restFor = 3_000;

/** Starts it for one test file, without core. */
export async function startFaultWorld(t: Test): Promise<FaultWorld> {
  const world = await install("base");
  t.teardown(() => world.stop());
  await world.applyCrds();
  const port = await freePort();
  const { keys } = world.provider;
  const start = () => startBundledProvider(testBundles, "chef", keys, port);
  let scripted = await start();
  t.teardown(() => scripted.stop());
  await world.apply("default", classOf("fake"), classOf("scripted"));
  const { make, objects } = objectsOf(world.api);
  return {
    ...world,
    ...tools(world),
    scripted: () => scripted,
    killScripted: async () => {
      scripted.process.kill("SIGKILL");
      await once(scripted.process, "close");
    },
    startScripted: async () => {
      scripted = await start();
    },
    core: async (t, { kubeconfig = world.kubeconfig, lease = quickLease } = {}) => {
      const flags = [...lease, `--resolve=${addressOf("scripted")}=127.0.0.1:${port}`];
      return startCoreProcess(t, { ...world, kubeconfig }, flags);
    },
    make,
    objects,
    allReady: async (space, count, patience) => {
      let seen: readonly (readonly [string, KubeJson])[] = [];
      const isReady = ([, object]: readonly [string, KubeJson]) => readyOf(object)?.status === "True";
      await until(
        async () => {
          seen = [...(await objects(space, "externalsecrets"))];
          if (seen.length === count && seen.every(isReady)) return true;
          await sleep(200 + 2 * count);
          return false;
        },
        () => {
          const others = seen.filter((each) => !isReady(each));
          const [name, object] = others[0] ?? [];
          const first = `${name}: ${JSON.stringify(readyOf(object))}`;
          return `of ${seen.length} (${count} expected) in ${space} ${others.length} are not Ready; ${first}`;
        },
        patience,
      );
    },
    passwords: async (space) => {
      const secrets = [...(await objects(space, "secrets"))];
      const text = (value = "") => Buffer.from(value, "base64").toString();
      return Object.fromEntries(secrets.map(([name, { data }]) => [name, text(data?.["password"])]));
    },
    writes: (space) => secretWrites(world, space),
    rests: async (t, core, ...spaces) => {
      await idle(core);
      const versions = async () => {
        const found: string[] = [];
        for (const space of spaces)
          for (const plural of ["externalsecrets", "secretstores", "secrets"] as const)
            for (const [name, { metadata }] of await objects(space, plural))
              found.push(`${space}/${plural}/${name}: ${metadata.resourceVersion}`);
        return found;
      };
      const before = await versions();
      await sleep(restFor);
      t.strictSame(await versions(), before, "nothing moves");
    },
  };
}

function secretWrites({ api, username }: Installation, space: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { user, verb, objectRef, responseStatus, stage } of api.auditLines()) {
    if (user.username !== username || stage !== "ResponseComplete") continue;
    if (objectRef?.resource !== "secrets" || objectRef.namespace !== space) continue;
    if (!["create", "update", "patch"].includes(verb) || (responseStatus?.code ?? 500) >= 300) continue;
    const name = objectRef.name ?? "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Until nothing is due or runs in any of core's queues. */
async function idle(core: CoreProcess): Promise<void> {
  let depths: readonly string[] = [];
  await until(
    async () => {
      const lines = (await core.ask("/metrics")).split("\n");
      depths = lines.filter((line) => /^outboard_queue_depth\{.*state="(changed|woken|due|active)"\} [^0]/.test(line));
      return lines.some((line) => line.startsWith("outboard_queue_depth{")) && depths.length === 0;
    },
    () => `core does not come to rest: ${depths.join("; ")}`,
  );
}

/** A store of the scripted provider, which needs no values of its own. */
export function scriptedStore(values: Readonly<Record<string, string>> = {}, name = "main"): object {
  const data = Object.entries(values).map(([key, value]) => ({ key, value }));
  const runtimeRef = { kind: "ClusterProviderClass", name: "scripted" };
  return { ...fakeStore({}), metadata: { name }, spec: { runtimeRef, provider: { chef: { data } } } };
}

/** As many manifests. */
export function many<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
