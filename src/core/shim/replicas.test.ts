import t, { type Test } from "tap";
import { createRegistry } from "../../process/metrics.ts";
import { HealthCheckResponse_ServingStatus as ServingStatus } from "../../wire/gen/grpc/health/v1/health.ts";
import { context, failure, info, never } from "../../../test/shim-fixture.ts";
import {
  createAuthority,
  describeVault,
  startPeer,
  type PeerOptions,
  type ScriptedPeer,
} from "../../../test/scripted-peer.ts";
import { vaultStore } from "../../../test/core-store.ts";
import { until } from "../../../test/local-world.ts";
import { createPool } from "./pool.ts";
import { createShim } from "./shim.ts";

const authority = await createAuthority();
const server = await authority.server();
const value = { value: Buffer.from("v"), info };

async function start(t: Test, script: PeerOptions["script"] = {}, outboard = true): Promise<ScriptedPeer> {
  const peer = await startPeer({
    script: { describe: describeVault(), getSecret: () => value, ...script },
    server,
    client: authority.client,
    outboard,
  });
  t.teardown(() => peer.kill());
  return peer;
}

/** Core's side, with an endpoint that these peers, or others later, are behind. */
function core(t: Test, ...peers: ScriptedPeer[]) {
  const registry = createRegistry();
  const pool = createPool({ registry, health: { interval: 20, timeout: 1_000 } });
  t.teardown(() => pool.close());
  const endpoint = (...behind: ScriptedPeer[]) => ({
    serverName: "provider-vault.system.svc",
    trust: "test",
    certificates: authority.client,
    addresses: behind.map(({ address }) => address),
  });
  const place = { endpoint: endpoint(...peers) };
  const shim = createShim({ resolver: { endpoint: () => place.endpoint }, references: () => [], pool, registry });
  const store = vaultStore();
  const connect = () => shim.providerFor(store).newClient(store, context, never);
  const get = async () => {
    const client = await connect();
    await client.getSecret({ key: "k" }, never).finally(() => client.close());
  };
  const connections = async (state = "") => {
    const samples = (await registry.metrics()).match(/^grpc_pool_connections\{.*$/gm) ?? [];
    const counted = samples.filter((sample) => sample.includes(`state="${state}`));
    return counted.reduce((sum, sample) => sum + Number(sample.split(" ").at(-1)), 0);
  };
  return { connect, get, connections, move: (...behind: ScriptedPeer[]) => (place.endpoint = endpoint(...behind)) };
}

const times = (count: number, operation: () => Promise<void>) =>
  Promise.all(Array.from({ length: count }, () => operation()));
const gets = (peer: ScriptedPeer) => peer.calls.get("getSecret") ?? 0;

t.test("calls are spread over the replicas of a provider, at once and one after the other", async (t) => {
  const [left, right] = [await start(t), await start(t)];
  const { get } = core(t, left, right);
  await times(40, get);
  t.strictSame([gets(left), gets(right)], [20, 20]);
  for (let call = 0; call < 10; call += 1) await get();
  t.strictSame([gets(left), gets(right)], [25, 25]);
  t.strictSame([left.calls.get("describe"), right.calls.get("describe")], [1, 1], "each is asked what it is once");
});

t.test("a slow replica gets fewer calls", async (t) => {
  const { promise, resolve } = Promise.withResolvers<typeof value>();
  let isSlow = false;
  const [slow, fast] = [await start(t, { getSecret: () => (isSlow ? promise : value) }), await start(t)];
  const { get } = core(t, slow, fast);
  await times(10, get);
  isSlow = true;
  const before = gets(slow);
  const two = [get(), get()];
  await Promise.any(two);
  for (let call = 0; call < 10; call += 1) await get();
  t.equal(gets(slow), before + 1);
  resolve(value);
  await Promise.all(two);
});

t.test("an address that is not listed any more gets no new call; its calls go on and then it is closed", async (t) => {
  const { promise, resolve } = Promise.withResolvers<typeof value>();
  const [leaving, staying] = [await start(t, { getSecret: () => promise }), await start(t)];
  const { get, move, connections } = core(t, leaving);
  const call = get();
  await until("the call is there", () => gets(leaving) === 1);
  move(staying);
  await times(10, get);
  t.strictSame([gets(leaving), gets(staying)], [1, 10]);
  t.equal(await connections(), 2);
  resolve(value);
  await t.resolves(call);
  t.equal(await connections(), 1);
});

t.test("a replica that does not serve, or does not answer, gets no new call while another one serves", async (t) => {
  const answers: [string, () => Promise<{ status: ServingStatus }>][] = [
    ["NOT_SERVING", async () => ({ status: ServingStatus.NOT_SERVING })],
    ["silent", () => new Promise(() => {})],
  ];
  for (const [name, unhealthy] of answers) {
    let check = unhealthy;
    const [ill, well] = [await start(t, { check: () => check() }), await start(t)];
    const { get } = core(t, ill, well);
    await until(`${name}: it was asked and what it said counts`, async () => {
      const before = gets(ill);
      await get();
      await get();
      return gets(ill) === before;
    });
    const before = gets(ill);
    await times(10, get);
    t.equal(gets(ill), before, name);
    check = async () => ({ status: ServingStatus.SERVING });
    await until(`${name}: it is used again`, async () => {
      await get();
      return gets(ill) > before;
    });
    well.kill();
    check = unhealthy;
    await until(`${name}: the only one left is used however it is`, async () => {
      const now = gets(ill);
      await get().catch(() => undefined);
      return gets(ill) > now;
    });
  }
});

t.test("a call that was never sent goes to another replica, whichever call of a store it is", async (t) => {
  const [first, second] = [await start(t), await start(t)];
  const { get, connect, connections } = core(t, first, second);
  await times(4, get);
  const clients = [await connect(), await connect()];
  const before = gets(second);
  first.kill();
  await until("its end is noticed", async () => (await connections("ready")) === 1);
  for (const client of clients) await t.resolves(client.getSecret({ key: "k" }, never));
  t.equal(gets(second), before + 2);
  await t.resolves(times(20, get), "nor does a Describe fail");
  second.kill();
  await until("its end is noticed", async () => (await connections("ready")) === 0);
  const error = await failure(get());
  const refusal = { code: "Unavailable", reason: "ProviderUnavailable", message: /nothing listens there/ };
  t.match(error, refusal);
  for (const client of clients) t.match(await failure(client.getSecret({ key: "k" }, never)), refusal);
});

t.test("a call that may have begun is not made again", async (t) => {
  const [first, second] = [
    await start(t, { getSecret: () => new Promise(() => {}) }),
    await start(t, { getSecret: () => new Promise(() => {}) }),
  ];
  const { get } = core(t, first, second);
  const call = failure(get());
  await until("the call is there", () => gets(first) + gets(second) === 1);
  (gets(first) === 1 ? first : second).kill();
  t.match(await call, { code: "Unavailable", message: /connection was lost during the call/ });
  t.equal(gets(first) + gets(second), 1);
});

t.test("what was made for one replica never goes to one that is something else", async (t) => {
  const others: [string, ScriptedPeer][] = [
    ["one of the prototype's", await start(t, {}, false)],
    ["one that serves other keys", await start(t, { describe: () => ({ ...describeVault()(), keys: [] }) })],
    [
      "one that wants other references",
      await start(t, { describe: describeVault([{ path: "/auth/tokenSecretRef", kind: "Secret" }]) }),
    ],
  ];
  for (const [name, other] of others) {
    const peer = await start(t);
    const { connect, connections } = core(t, peer, other);
    const client = await connect();
    await until("both are connected", async () => (await connections("ready")) === 2);
    peer.kill();
    await until("its end is noticed", async () => (await connections("ready")) === 1);
    const error = await failure(client.getSecret({ key: "k" }, never));
    t.match(error, { code: "Unavailable" }, name);
    t.equal(gets(other), 0, name);
  }
});

t.test("an endpoint without addresses is a provider that is away", async (t) => {
  const error = await failure(core(t).get());
  t.match(error, {
    code: "Unavailable",
    reason: "ProviderUnavailable",
    message: /has no address that can be called now/,
  });
});
