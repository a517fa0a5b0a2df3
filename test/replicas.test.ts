import { test, type Test } from "tap";
import type { Context, Store } from "../src/api/provider.ts";
import { references } from "../src/core/credentials/gen/references.ts";
import { createPool } from "../src/core/shim/pool.ts";
import { createShim } from "../src/core/shim/shim.ts";
import { createRunKeys } from "../src/local/run-keys.ts";
import { createRegistry } from "../src/process/metrics.ts";
import { certificates } from "../src/wire/certificates.ts";
import { startBundle, type BundleProcess } from "./bundle-process.ts";
import { coreStore, inlineReferences } from "./core-store.ts";
import { fixedContext } from "./fixed-context.ts";
import { until } from "./local-world.ts";
import { inNetworkNamespace } from "./network-namespace.ts";
import { testBundles } from "./test-bundles.ts";
import { startVault, vaultMissing } from "./vault-server.ts";

const [left, right, v6] = ["10.99.0.2", "10.99.0.3", "fd99::2"] as const;
const port = 8080;
const never = new AbortController().signal;

await inNetworkNamespace({ file: import.meta.filename, addresses: [left, right, v6] }, () => {
  test("both replicas of a provider have their share of its calls", async (t) => {
    const { replicas, get, calls } = await twoReplicas(t, "fake", { data: [{ key: "k", value: "v" }] });
    await load(400, () => get("k", "v"));
    const shares = await Promise.all(replicas.map(calls));
    t.equal(
      shares.reduce((sum, share) => sum + share),
      400,
    );
    for (const share of shares) t.ok(share > 120, `${share} of 400`);
  });

  test("a replica that is told to end fails no call, though its address stays listed", async (t) => {
    const { replicas, get, calls } = await twoReplicas(t, "chef", {});
    const slow = () => get("slow:10:v", "v");
    await load(40, slow);
    const [leaving, staying] = replicas;
    const under = load(800, slow);
    await until("the load is under way", async () => (await calls(leaving)) > 60);
    await leaving.end("SIGTERM");
    await t.resolves(under, "all 800");
    t.ok((await calls(staying)) > 400);
    t.match(leaving.log(), /drain|shut/i);
  });

  test("a replica that is killed fails what it had begun, which says so, and nothing else", async (t) => {
    const { replicas, get, calls } = await twoReplicas(t, "chef", {});
    const failures: unknown[] = [];
    const slow = () => get("slow:10:v", "v").catch((error: unknown) => void failures.push(error));
    await load(40, slow);
    const [leaving, staying] = replicas;
    const before = await calls(staying);
    const under = load(800, slow);
    await until("the load is under way", async () => (await calls(leaving)) > 60);
    await leaving.end("SIGKILL");
    await under;
    t.ok(failures.length <= eightWide, `${failures.length} calls failed: no more than were in flight`);
    for (const error of failures) {
      t.match(error, {
        code: "Unavailable",
        message: /connection was lost during the call; it is tried again by itself/,
      });
    }
    t.ok((await calls(staying)) - before > 400, "the other one has the rest");
    await t.resolves(
      load(40, () => get("slow:10:v", "v")),
      "and what comes later",
    );
  });

  test("an IPv6 address leads to a provider as an IPv4 one does", { skip: vaultMissing() }, async (t) => {
    const vault = await startVault();
    t.teardown(() => vault.stop());
    await vault.call("POST", "secret/data/app", { data: { password: "v" } });
    const auth = { tokenSecretRef: { name: "creds", key: "token" } };
    const spec = { server: vault.address, path: "secret", version: "v2", auth };
    const context = fixedContext(new Map([["creds/token", vault.token]]), "team");
    const { replicas, get, calls } = await twoReplicas(t, "vault", spec, { hosts: [left, v6], context });
    await load(20, () => get("app", '{"password":"v"}'));
    for (const replica of replicas) t.ok((await calls(replica)) > 6, replica.address);
    await replicas[0].end("SIGKILL");
    // What is sent before the end is noticed is lost.
    await load(8, () => get("app", '{"password":"v"}').catch(() => undefined));
    await t.resolves(
      load(20, () => get("app", '{"password":"v"}')),
      "by IPv6 alone",
    );
  });
});

/** Two processes of a provider behind one name, at one port of two addresses, and core's shim before them. */
async function twoReplicas(t: Test, key: string, spec: object, more: Partial<Surroundings> = {}) {
  const { hosts = [left, right], context = fixedContext(new Map(), "team") } = more;
  const keys = await createRunKeys(Date.now());
  t.teardown(() => keys.remove());
  const start = async (host: string) => {
    const replica = await startBundle({ folder: testBundles, key, keys, host, port });
    t.teardown(() => replica.end("SIGKILL"));
    return replica;
  };
  const replicas = [await start(hosts[0]), await start(hosts[1])] as const;
  const pool = createPool();
  t.teardown(() => pool.close());
  const endpoint = {
    addresses: replicas.map(({ address }) => address),
    serverName: replicas[0].serverName,
    trust: "test",
    certificates: certificates(keys.core),
  };
  const shim = createShim({
    resolver: { endpoint: () => endpoint },
    references: inlineReferences(references),
    pool,
    registry: createRegistry(),
  });
  const store = coreStore(storeOf(key, spec));
  /** As a reconcile does: a client of its own for each. */
  const get = async (remoteKey: string, expected: string) => {
    const client = await shim.providerFor(store).newClient(store, context, never);
    const value = await client.getSecret({ key: remoteKey }, never).finally(() => client.close());
    if (Buffer.from(value).toString() !== expected) throw new Error(`got ${value.length} other bytes`);
  };
  const calls = (replica: BundleProcess) => replica.metric("grpc_server_requests_total", 'method="GetSecret"');
  return { replicas, get, calls };
}

interface Surroundings {
  readonly hosts: readonly [string, string];
  readonly context: Context;
}

function storeOf(key: string, spec: object): Store {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "SecretStore",
    namespace: "team",
    name: "main",
    uid: "uid",
    generation: 1,
    spec: { provider: { [key]: spec } },
  };
}

const eightWide = 8;

/** So many operations, eight at a time. Rejects with what the first one fails of. */
async function load(count: number, operation: () => Promise<unknown>): Promise<void> {
  let waiting = count;
  const worker = async () => {
    while (waiting > 0) {
      waiting -= 1;
      await operation();
    }
  };
  await Promise.all(Array.from({ length: eightWide }, worker));
}
