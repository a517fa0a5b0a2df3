import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import root, { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { startBundle, type BundleProcess } from "./bundle-process.ts";
import { plantSecret, until } from "./e2e/outboard.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { mountedClass } from "./mounted-parts.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { sumOf } from "./samples.ts";
import { grpcPort, machine, startServiceWorld, type ServiceWorld } from "./service-world.ts";
import { systemNamespace, type ShippedProcess } from "./shipped-process.ts";
import { testBundles } from "./test-bundles.ts";
import { startVault, vaultMissing } from "./vault-server.ts";

root.setTimeout(300_000);

/** Four processes, each of which is five Services with fifty stores each. */
const bundles = [
  { key: "fake", ip: "10.99.0.2" },
  { key: "vault", ip: "10.99.0.3" },
  { key: "chef", ip: "10.99.0.4" },
  { key: "fake", ip: "10.99.0.5" },
] as const;
const servicesEach = 5;
const storesEach = 50;
const storesOfBundle = servicesEach * storesEach;
const total = bundles.length * storesOfBundle;
const spaces = Array.from({ length: 10 }, (_, index) => `team-${index}`);

await inNetworkNamespace({ file: import.meta.filename, addresses: [machine, ...bundles.map(({ ip }) => ip)] }, () => {
  const skip = apiServerMissing() || vaultMissing();
  test("a thousand stores over twenty Services", { skip }, async (t) => {
    const world = await startServiceWorld(t);
    await world.namespaces(...spaces);
    const vault = await startVault();
    t.teardown(() => vault.stop());
    const processes = await Promise.all(bundles.map((_, bundle) => startServices(t, world, bundle)));
    const core = await world.core(t, ["--store-requeue-interval=1h"]);
    const empty = await memory(core);
    await makeStores(world, { server: vault.address, token: vault.token });
    await allReady(core, total);

    await t.test("each connection is asked once what is there, and each store validated once or twice", async (t) => {
      for (const [index, process] of processes.entries()) {
        const { key = "" } = bundles[index] ?? {};
        t.equal(await calls(process, "Describe"), servicesEach, `${key}: one for each of its Services`);
        onceOrTwice(t, await calls(process, "Validate"), key);
      }
      const connections = sumOf(await core.ask("/metrics"), "grpc_pool_connections", 'state="ready"');
      t.equal(connections, bundles.length * servicesEach, "connections");
      const full = await memory(core);
      const each = (bytes: number) => `${(bytes / total / 1024).toFixed(1)} KiB`;
      t.comment(`core: ${each(full.rss - empty.rss)} of RSS a store, ${each(full.heap - empty.heap)} of heap`);
      t.comment(`core with ${total} stores: RSS ${mib(full.rss)}, heap ${mib(full.heap)}`);
    });

    await t.test("a provider that starts again validates its stores, Ready or not, once or twice", async (t) => {
      const [ending, ...others] = processes;
      if (ending === undefined) return;
      const before = await Promise.all(others.map((each) => calls(each, "Validate")));
      await ending.end("SIGKILL");
      const failing = storesOf(0).filter((_, index) => index % 5 === 0);
      await changeStores(world, failing);
      await until(
        async () => (await notReady(core)) === failing.length,
        () => "not all stores that were edited are seen to fail",
      );
      const seen = core.log().length;
      const again = await startServices(t, world, 0, { exist: true });
      const rates = ratesOf(again);
      let times = validations(core, seen);
      await until(
        async () => (times = validations(core, seen)).size === storesOfBundle,
        () => `${times.size} of ${storesOfBundle} stores are validated again`,
      );
      await allReady(core, total);
      // What validates them over and over goes on.
      await sleep(3_000);
      t.comment(`validations a second: ${(await rates.end()).join(", ")}`);
      times = validations(core, seen);
      t.equal(times.size, storesOfBundle, "its own stores and no others");
      t.ok(
        [...times.values()].every((count) => count <= 2),
        "none more than twice",
      );
      onceOrTwice(t, await calls(again, "Validate"), "the one that started again");
      t.equal(await calls(again, "Describe"), servicesEach, "asked what it is once a connection");
      t.strictSame(await Promise.all(others.map((each) => calls(each, "Validate"))), before, "others: none");
    });
  });
});

/** The Services of a process, "p-0" and so on. */
function servicesOf(bundle: number): readonly string[] {
  return Array.from({ length: servicesEach }, (_, index) => `p-${bundle * servicesEach + index}`);
}

/** Starts a bundle's process, with its Services and their classes unless those exist. */
async function startServices(
  t: Test,
  world: ServiceWorld,
  bundle: number,
  { exist = false } = {},
): Promise<BundleProcess> {
  const { key = "", ip = "" } = bundles[bundle] ?? {};
  const services = servicesOf(bundle);
  const keys = await world.keysOf(...services);
  const process = await startBundle({ folder: testBundles, key, keys, host: ip, port: grpcPort });
  t.teardown(() => process.end("SIGKILL"));
  for (const name of exist ? [] : services) {
    await world.service(name, key, ip);
    const object = mountedClass(name, `${name}.${systemNamespace}.svc:${grpcPort}`);
    await request(world, "POST", "/apis/external-secrets.io/v1alpha1/clusterproviderclasses", object);
  }
  return process;
}

/** The stores that a process serves. */
function storesOf(
  bundle: number,
): readonly { readonly name: string; readonly space: string; readonly service: string }[] {
  return servicesOf(bundle).flatMap((service) =>
    Array.from({ length: storesEach }, (_, index) => ({
      name: `${service}-${index}`,
      space: spaces[index % spaces.length] ?? "",
      service,
    })),
  );
}

async function makeStores(world: ServiceWorld, vault: { readonly server: string; readonly token: string }) {
  const auth = { tokenSecretRef: { name: "vault-token", key: "token" } };
  const specs = {
    fake: { data: [{ key: "db", value: plantSecret() }] },
    chef: { data: [] },
    vault: { server: vault.server, path: "secret", version: "v2", auth },
  };
  const { make } = objectsOf(world.api);
  const secret = { metadata: { name: "vault-token" }, stringData: { token: vault.token } };
  for (const space of spaces) await request(world, "POST", `/api/v1/namespaces/${space}/secrets`, secret);
  for (const space of spaces) {
    const stores = bundles.flatMap(({ key }, bundle) =>
      storesOf(bundle)
        .filter((store) => store.space === space)
        .map(({ name, service }) => ({
          apiVersion: "external-secrets.io/v1",
          kind: "SecretStore",
          metadata: { name },
          spec: { runtimeRef: { kind: "ClusterProviderClass", name: service }, provider: { [key]: specs[key] } },
        })),
    );
    await make(space, stores);
  }
}

/** Somebody edits these stores, so that each is due. */
async function changeStores(world: ServiceWorld, stores: ReturnType<typeof storesOf>): Promise<void> {
  for (const { name, space } of stores) {
    const path = `/apis/external-secrets.io/v1/namespaces/${space}/secretstores/${name}`;
    await request(world, "PATCH", path, { spec: { refreshInterval: "59m" } });
  }
}

async function request({ api }: ServiceWorld, method: "POST" | "PATCH", path: string, body: object): Promise<void> {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const { status } = await api.request(method, path, body, type);
  if (status >= 300) throw new Error(`${method} ${path}: ${status}`);
}

/** So many validations of a process's stores: a second one is for what was late or has just changed. */
function onceOrTwice(t: Test, count: number, what: string): void {
  t.ok(count >= storesOfBundle && count <= 2 * storesOfBundle, `${what}: ${count} validations`);
}

async function calls(process: BundleProcess, method: string): Promise<number> {
  return process.metric("grpc_server_requests_total", `method="${method}"`);
}

async function allReady(core: ShippedProcess, count: number): Promise<void> {
  let ready = 0;
  await until(
    async () => (ready = await conditions(core, "True")) === count,
    () => `${ready} of ${count} stores are Ready`,
    120_000,
  );
}

async function notReady(core: ShippedProcess): Promise<number> {
  return conditions(core, "False");
}

/** Stores by what core said of them last. */
async function conditions(core: ShippedProcess, status: "True" | "False"): Promise<number> {
  // Thousands of series: often asked, they would be most of the work.
  await sleep(250);
  return sumOf(await core.ask("/metrics"), "secretstore_status_condition", `status="${status}"`);
}

/** How often each store was found valid, by core's log from there on. */
function validations(core: ShippedProcess, from: number): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { msg, ready, SecretStore: store } of core.log().slice(from)) {
    if (msg !== "reconciled store" || ready !== true) continue;
    const id = JSON.stringify(store);
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  return times;
}

/** Counts a process's validations by the second. */
function ratesOf(process: BundleProcess): { end(): Promise<readonly number[]> } {
  const counts: number[] = [];
  const ended = new AbortController();
  const counting = (async () => {
    while (!ended.signal.aborted) {
      counts.push(await calls(process, "Validate"));
      await sleep(1_000);
    }
    counts.push(await calls(process, "Validate"));
  })();
  return {
    end: async () => {
      ended.abort();
      await counting;
      return counts.map((count, index) => count - (counts[index - 1] ?? 0));
    },
  };
}

/** Bytes, after garbage has had time to go. */
async function memory(core: ShippedProcess): Promise<{ readonly rss: number; readonly heap: number }> {
  await sleep(2_000);
  const [, rss] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${core.process.pid}/status`, "utf8")) ?? [];
  return { rss: Number(rss) * 1024, heap: sumOf(await core.ask("/metrics"), "nodejs_heap_size_used_bytes") };
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
