import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer } from "node:tls";
import t, { type Test } from "tap";
import { withinDeadline } from "../../api/deadline.ts";
import { createRegistry } from "../../process/metrics.ts";
import { certificates } from "../../wire/certificates.ts";
import type { Endpoint } from "../resolve/endpoint.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import type { CoreStore } from "../store.ts";
import { vaultStore } from "../../../test/core-store.ts";
import { context, failure, info, never } from "../../../test/shim-fixture.ts";
import { createPool, type Lease, type Pool } from "./pool.ts";
import {
  createAuthority,
  serverName,
  describeVault,
  startPeer,
  type PeerOptions,
  type Script,
} from "../../../test/scripted-peer.ts";
import { createShim } from "./shim.ts";

const authority = await createAuthority();
const stranger = await createAuthority();
const server = await authority.server();
const script: Script = { describe: describeVault(), getSecret: () => ({ value: Buffer.from("v"), info }) };

async function start(t: Test, options: Partial<PeerOptions> = {}) {
  const peer = await startPeer({ script, server, client: authority.client, ...options });
  t.teardown(() => peer.kill());
  return peer;
}

/** Core's side, with an endpoint that can move. */
function core(t: Test, endpoint: Endpoint) {
  const registry = createRegistry();
  const pool = createPool({ registry, restartPause: 1 });
  const place = { endpoint };
  const shim = createShim({ resolver: { endpoint: () => place.endpoint }, references: () => [], pool, registry });
  t.teardown(() => pool.close());
  const store = vaultStore();
  const connect = () =>
    withinDeadline(never, 10_000, (signal) => shim.providerFor(store).newClient(store, context, signal));
  return { pool, shim, place, connect };
}

/** The address of a server that speaks nothing newer than TLS 1.2. */
async function oldServer(t: Test): Promise<string> {
  const { cert, key } = (await authority.server()).current() ?? {};
  const server = createServer({ ...(cert && { cert }), ...(key && { key }), maxVersion: "TLSv1.2" });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

/** A connection to one of the endpoint's addresses. */
function lease(pool: Pool, endpoint: Endpoint, tried?: ReadonlySet<string>): Lease {
  const leased = pool.lease(endpoint, tried);
  if (leased === undefined) throw new Error("no address is left");
  return leased;
}

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

t.test("a peer that cannot be trusted or reached is said to be so, and nothing else", async (t) => {
  const good = (await start(t)).endpoint;
  const expired = (await start(t, { server: await authority.server(good.serverName, -1_000) })).endpoint;
  const other = (await start(t, { server: await authority.server("other.system.svc") })).endpoint;
  const wild = (await start(t, { server: await authority.server("*.system.svc") })).endpoint;
  const without = (await start(t, { server: certificates() })).endpoint;
  const day = 86_400_000;
  const future = (await start(t, { server: await authority.server(good.serverName, day, Date.now() + day) })).endpoint;
  const old = await oldServer(t);
  const gone = await start(t);
  gone.kill();
  const cases: readonly [string, Endpoint, RegExp][] = [
    ["a certificate of another name", other, /certificate is not for that name/],
    ["a wildcard", wild, /certificate is not for that name/],
    ["an expired certificate", expired, /certificate has expired/],
    ["a certificate of tomorrow", future, /certificate is not valid yet/],
    ["a server without a certificate", without, /it has no certificate yet/],
    ["a server that speaks TLS 1.2", { ...good, addresses: [old] }, /does not speak TLS 1\.3/],
    ["a server of another CA", { ...good, certificates: stranger.client }, /not signed by the CA that core trusts/],
    ["nothing there", gone.endpoint, /nothing listens there/],
    ["no certificate of core's own", { ...good, certificates: certificates() }, /no client certificate yet/],
  ];
  for (const [name, endpoint, message] of cases) {
    const { connect } = core(t, endpoint);
    for (const error of [await failure(connect()), await failure(connect())]) {
      t.match(error, { code: "Unavailable", message }, name);
      t.notMatch(error.message, /127\.0\.0\.1|\d{4}-\d\d/, "neither address nor time");
    }
  }
});

t.test("a client certificate that the peer refuses is what the error suspects", async (t) => {
  const trusting = authority.client.current();
  const own = stranger.client.current();
  if (trusting === undefined || own === undefined) throw new Error("no pairs");
  const endpoint = { ...(await start(t)).endpoint, certificates: certificates({ ...own, ca: trusting.ca }) };
  t.match(await failure(core(t, endpoint).connect()), {
    code: "Unavailable",
    message: /may not accept core's client certificate/,
  });
});

t.test("a peer that dies during a call and comes back is announced", async (t) => {
  const peer = await start(t, { script: { ...script, getSecret: () => new Promise(() => undefined) } });
  const { connect, shim } = core(t, peer.endpoint);
  const heard: string[] = [];
  const stop = shim.onNews((topic) => heard.push(topic));
  const client = await connect();
  const call = failure(client.getSecret({ key: "k" }, never));
  await until(() => peer.calls.has("getSecret"));
  peer.kill();
  t.match(await call, { code: "Unavailable", message: /connection was lost during the call/ });
  t.match(await failure(connect()), { code: "Unavailable" });
  t.strictSame(heard, [], "not before it is back");

  const port = Number(peer.address.split(":")[1]);
  const back = await start(t, { port });
  await until(() => heard.length > 0);
  t.strictSame(heard, ["provider:vault", `restart:${serverName}`], "without a call that would have noticed");
  t.strictSame(Buffer.from(await client.getSecret({ key: "k" }, never)), Buffer.from("v"), "the old client goes on");
  await (await connect()).close();
  t.equal(back.calls.get("describe"), 1, "and who answers now is asked anew");
  stop();
});

t.test("a peer that comes back at another address is announced too, and its old connection closed", async (t) => {
  const peer = await start(t);
  const { connect, shim, place, pool } = core(t, peer.endpoint);
  const heard: string[] = [];
  shim.onNews((topic) => heard.push(topic));
  await (await connect()).close();
  const old = lease(pool, peer.endpoint).connection;
  peer.kill();
  await until(() => old.state() !== "READY");
  place.endpoint = (await start(t)).endpoint;
  await (await connect()).close();
  t.strictSame(heard, ["provider:vault", `restart:${serverName}`]);
  t.not(old.state(), "SHUTDOWN", "while somebody uses it");
});

t.test("a store that nobody serves has no server, however the resolver says so", async (t) => {
  const pool = createPool();
  t.teardown(() => pool.close());
  const gone = new ResolutionError("ProviderUnavailable", "away");
  const thrown = () => {
    throw gone;
  };
  for (const endpoint of [thrown, () => Promise.reject(gone)]) {
    const shim = createShim({ resolver: { endpoint }, references: () => [], pool, registry: createRegistry() });
    t.equal(await shim.serverOf(vaultStore(), never), undefined);
  }
});

t.test("who goes to another provider of that key is not woken", async (t) => {
  const theirs = "provider-vault.team-b.svc";
  const [ours, peer] = [await start(t), await start(t, { server: await authority.server(theirs) })];
  const route = { by: "class", ref: { kind: "ProviderClass", namespace: "team-b", name: "own" } } as const;
  const endpoint = ({ route: { by } }: CoreStore) =>
    by === "class" ? { ...peer.endpoint, serverName: theirs } : ours.endpoint;
  const registry = createRegistry();
  const pool = createPool({ registry });
  t.teardown(() => pool.close());
  const shim = createShim({ resolver: { endpoint }, references: () => [], pool, registry });
  const heard: string[] = [];
  shim.onNews((topic) => heard.push(topic));
  for (const store of [vaultStore(), { ...vaultStore(), route }])
    await (await shim.providerFor(store).newClient(store, context, never)).close();
  const { connection } = lease(pool, endpoint({ ...vaultStore(), route }));
  peer.kill();
  await until(() => connection.state() === "TRANSIENT_FAILURE");
  await start(t, { server: await authority.server(theirs), port: Number(peer.address.split(":")[1]) });
  await until(() => heard.length > 1);
  t.strictSame(heard, ["provider:vault@ProviderClass/team-b/own", `restart:${theirs}`]);
});

t.test("a provider is told to have started again when another process may answer", async (t) => {
  const peer = await start(t);
  const { connect, shim, place, pool } = core(t, peer.endpoint);
  const heard: string[] = [];
  const stop = pool.onRestart((serverName) => heard.push(serverName));
  t.equal(await shim.serverOf(vaultStore(), never), serverName, "the name that its stores are known by");
  await (await connect()).close();
  t.strictSame(heard, [], "not at first");

  const { connection } = lease(pool, peer.endpoint);
  peer.kill();
  await until(() => connection.state() === "TRANSIENT_FAILURE");
  const back = await start(t, { port: Number(peer.address.split(":")[1]) });
  await until(() => heard.length > 0);
  t.strictSame(heard, [serverName], "nothing listened for a while");

  const addresses = [...back.endpoint.addresses, ...(await start(t)).endpoint.addresses];
  place.endpoint = { ...back.endpoint, addresses };
  await (await connect()).close();
  const added = lease(pool, place.endpoint, new Set(back.endpoint.addresses)).connection;
  await until(() => added.state() === "READY" && heard.length > 1);
  t.strictSame(heard, [serverName, serverName], "at an address that is new");
  stop();
});

t.test("a connection that is only made anew tells of no restart", async (t) => {
  const peer = await start(t, { connectionAge: 100 });
  const { connect, pool } = core(t, peer.endpoint);
  const heard: string[] = [];
  pool.onRestart((serverName) => heard.push(serverName));
  while ((peer.calls.get("describe") ?? 0) < 3) {
    await (await connect()).close();
    await sleep(10);
  }
  t.strictSame(heard, []);
});

t.test("an unused connection of a peer that moved is closed at once, a used one with its last user", async (t) => {
  const peer = await start(t);
  peer.kill();
  const pool = createPool();
  t.teardown(() => pool.close());
  const elsewhere = (port: number) => ({ ...peer.endpoint, addresses: [`127.0.0.1:${port}`] });
  const unused = lease(pool, elsewhere(1));
  unused.release();
  const used = lease(pool, elsewhere(2));
  t.equal(unused.connection.state(), "SHUTDOWN");
  lease(pool, elsewhere(3));
  t.equal(used.connection.state(), "IDLE");
  used.release();
  t.equal(used.connection.state(), "SHUTDOWN");
  t.end();
});

t.test("equal endpoints share a connection; another trust, name or identity never does", async (t) => {
  const { endpoint } = await start(t);
  const pool = createPool();
  t.teardown(() => pool.close());
  const one = lease(pool, endpoint);
  const two = lease(pool, { ...endpoint });
  t.equal(one.connection, two.connection);
  for (const other of [{ trust: "b" }, { serverName: "other.svc" }, { certificates: stranger.client }]) {
    t.not(lease(pool, { ...endpoint, ...other }).connection, one.connection, Object.keys(other).join());
  }
});

t.test("a connection is closed when nobody used it for a while, and not before", async (t) => {
  const { endpoint } = await start(t);
  const pool = createPool({ idleAfter: 20 });
  t.teardown(() => pool.close());
  const idle = lease(pool, endpoint);
  const busy = lease(pool, { ...endpoint, trust: "b" });
  idle.release();
  idle.release();
  await until(() => idle.connection.state() === "SHUTDOWN");
  t.equal(busy.connection.state(), "IDLE", "one that is held stays");
  t.not(lease(pool, endpoint).connection, idle.connection, "the next user gets a new one");
});

t.test("a closed pool lets calls in flight end and takes no new ones", async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = async () => {
    await promise;
    return { value: Buffer.from("late"), info };
  };
  const peer = await start(t, { script: { ...script, getSecret: answer } });
  const { connect, pool } = core(t, peer.endpoint);
  const client = await connect();
  const call = client.getSecret({ key: "k" }, never);
  await until(() => peer.calls.has("getSecret"));
  pool.close();
  t.match(await failure(client.getSecret({ key: "k" }, never)), { code: "Unavailable", message: /closed/ });
  resolve();
  t.strictSame(Buffer.from(await call), Buffer.from("late"));
});
