import { test, type Test } from "tap";
import { externalSecret } from "../../src/api/kinds/external-secret.ts";
import { secretStore } from "../../src/api/kinds/secret-store.ts";
import type { ObjectKey } from "../../src/cluster/cluster.ts";
import type { Kind } from "../../src/cluster/objects.ts";
import { startCore } from "../../src/core/core.ts";
import { coreSettings } from "../../src/core/settings.ts";
import { installation } from "../../src/local/installation.ts";
import { createLocalCluster } from "../../src/local/cluster/local-cluster.ts";
import { loadSchemas } from "../../src/local/cluster/schemas.ts";
import { manifestKinds, readObject } from "../../src/local/manifests/read-object.ts";
import { createLogger } from "../../src/process/logs.ts";
import { createRegistry } from "../../src/process/metrics.ts";
import { parseSettings } from "../../src/process/settings.ts";
import { startBundledProvider } from "../bundled-provider.ts";
import { dist } from "../test-bundles.ts";
import { externalSecret as externalSecretManifest, store, values } from "./manifests.ts";
import { until } from "./outboard.ts";

const schemas = await loadSchemas(installation().crds);
const kinds = manifestKinds(schemas);
const app: ObjectKey = { namespace: "default", name: "app" };
const names = Array.from({ length: 50 }, (_, index) => `key-${index}`);
const methods = ["Read", "GetSecret", "GetSecretMap", "GetAllSecrets"] as const;

/** Core over a cluster in memory, with the bundle of fake in a process of its own behind it. */
async function startWorld(t: Test) {
  const bundled = await startBundledProvider(dist, "fake");
  t.teardown(() => bundled.stop());
  const cluster = createLocalCluster({ schemas, now: Date.now });
  const apply = (text: string) => {
    const manifest = JSON.parse(text) as { metadata: object };
    const { object, problems } = readObject(kinds, {
      ...manifest,
      metadata: { namespace: "default", ...manifest.metadata },
    });
    if (object === undefined) throw new Error(JSON.stringify(problems));
    cluster.apply(object);
  };
  const core = startCore({
    cluster,
    providerFor: (wanted) => bundled.providerFor(wanted),
    references: () => [],
    ofAdministrator: () => false,
    settings: parseSettings(coreSettings, []),
    registry: createRegistry(),
    logger: createLogger({ name: "core", level: "error" }),
    now: Date.now,
  });
  t.teardown(() => core.stop());
  const isReady = (kind: Kind, key: ObjectKey) => {
    const status = cluster.get(kind, key)?.status as
      | { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
      | undefined;
    return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
  };
  /** Resolves when a look at the cluster finds the object Ready. */
  const ready = (kind: Kind, key: ObjectKey) =>
    until(
      () => isReady(kind, key),
      () => `${kind.kind} ${key.name} is not Ready: ${JSON.stringify(core.pending())}`,
    );
  /** How often each method was called, as the adapter counts it. */
  const calls = async () => {
    const counts = methods.map(async (method) => {
      return [method, await bundled.metric("grpc_server_requests_total", `method="${method}"`)] as const;
    });
    return Object.fromEntries(await Promise.all(counts));
  };
  apply(store("fake", values(Object.fromEntries(names.map((name) => [name, `value of ${name}`])))));
  await ready(secretStore, { namespace: "default", name: "fake" });
  return { cluster, core, apply, ready, calls, writesBefore: new Map(cluster.writes()) };
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** Writes since the store was Ready. */
function writes({ cluster, writesBefore }: World): Record<string, number> {
  const counts = [...cluster.writes()].map(
    ([request, count]) => [request, count - (writesBefore.get(request) ?? 0)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

const fifty = Object.fromEntries(names.map((name) => [name, name]));

test("fifty references of one store are one Read to the provider and three writes to the cluster", async (t) => {
  const world = await startWorld(t);
  t.strictSame(await world.calls(), { Read: 0, GetSecret: 0, GetSecretMap: 0, GetAllSecrets: 0 });
  world.apply(externalSecretManifest("app", "fake", fifty));
  await world.ready(externalSecret, app);
  await world.core.stop();
  t.strictSame(await world.calls(), { Read: 1, GetSecret: 0, GetSecretMap: 0, GetAllSecrets: 0 });
  const data = world.cluster.secret(app)?.data ?? new Map<string, Uint8Array>();
  t.equal(data.size, 50);
  for (const name of names) t.equal(Buffer.from(data.get(name) ?? []).toString(), `value of ${name}`);
  t.strictSame(writes(world), { "create Secret": 1, "update ExternalSecret/status": 1, "create Event": 1 });
});

test("each refresh that changes nothing is one Read and one write", async (t) => {
  const world = await startWorld(t);
  world.apply(externalSecretManifest("app", "fake", fifty, "1s"));
  await until(
    () => (writes(world)["update ExternalSecret/status"] ?? 0) >= 3,
    () => `only ${JSON.stringify(writes(world))}`,
  );
  await world.core.stop();
  const syncs = writes(world)["update ExternalSecret/status"] ?? 0;
  t.strictSame(await world.calls(), { Read: syncs, GetSecret: 0, GetSecretMap: 0, GetAllSecrets: 0 });
  t.strictSame(writes(world), { "create Secret": 1, "update ExternalSecret/status": syncs, "create Event": 1 });
});
