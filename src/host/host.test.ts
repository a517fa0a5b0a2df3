import { test, type Test } from "tap";
import { Type } from "typebox";
import type { Credential } from "../api/credential.ts";
import { ProviderError } from "../api/errors.ts";
import type { Context, Provider, SecretsClient, Store } from "../api/provider.ts";
import { secretRef, serviceAccountRef } from "../api/schema.ts";
import type { HostCall } from "./call.ts";
import { createHost } from "./host.ts";
import { defaultLimits, type HostLimits } from "./limits.ts";

const never = new AbortController().signal;
const schema = Type.Object({
  server: Type.Optional(Type.String()),
  token: Type.Optional(secretRef()),
  account: Type.Optional(serviceAccountRef()),
});

interface Made {
  readonly store: Store;
  readonly context: Context;
  readonly signal: AbortSignal;
  readonly client: SecretsClient;
  closed: number;
}

interface Setting {
  readonly limits?: Partial<HostLimits>;
  readonly sharesClients?: boolean;
  /** Runs within newClient; creation number n, from 1. */
  readonly creating?: (creation: number, signal: AbortSignal) => Promise<void>;
}

/** A host over a provider that records its clients, and a clock that stands still unless it is set. */
function setUp({ limits, sharesClients, creating }: Setting = {}) {
  const made: Made[] = [];
  let creations = 0;
  const provider: Provider = {
    name: "test",
    ...(sharesClients !== undefined && { sharesClients }),
    capabilities: async () => [],
    validateStore: async () => ({ warnings: ["from the provider"], errors: [] }),
    newClient: async (store, context, signal) => {
      creations += 1;
      await creating?.(creations, signal);
      const close = async () => {
        entry.closed += 1;
      };
      const entry: Made = { store, context, signal, closed: 0, client: { close } as SecretsClient };
      made.push(entry);
      return entry.client;
    },
  };
  const clock = { now: 1_000_000 };
  const stores = [{ key: "test", provider, spec: schema }];
  const host = createHost({
    definition: { name: "tester", displayName: "Tester", version: "1.0.0", stores },
    limits: { ...defaultLimits, ...limits },
    now: () => clock.now,
  });
  const use = (call: HostCall, signal = never) => host.use(call, signal, async (client) => client);
  const closes = () => made.map(({ closed }) => closed);
  return { host, made, clock, use, closes, creations: () => creations };
}

interface CallOptions extends Partial<Omit<HostCall, "spec" | "store">> {
  readonly uid?: string;
  readonly namespace?: string;
  readonly spec?: object;
}

/** A call for a namespaced store; `namespace: ""` makes it a cluster store's. */
function call({ uid = "uid", namespace = "own", spec = {}, ...rest }: CallOptions = {}): HostCall {
  const kind = namespace === "" ? "ClusterSecretStore" : "SecretStore";
  return {
    peer: "spiffe://test/core",
    store: { apiVersion: "external-secrets.io/v1", kind, namespace, name: "store", uid, generation: 1 },
    spec: Buffer.from(JSON.stringify({ provider: { test: spec } })),
    callerNamespace: "own",
    credentials: [],
    digest: "digest-1",
    ambient: false,
    ...rest,
  };
}

function token(value: string, expiresAt: number): Credential {
  const account = { serviceAccountUid: "sa", annotations: new Map<string, string>(), audiences: [] };
  const identity = { kind: "ServiceAccount", namespace: "own", name: "robot" } as const;
  return { path: "/provider/test/account", ...identity, token: { token: value, expiresAt, ...account } };
}

/** Timers of AbortSignal keep no process alive; a server's socket does, and in a test this. */
function stayAlive(t: Test): void {
  const timer = setInterval(() => {}, 60_000);
  t.teardown(() => clearInterval(timer));
}

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));
const failure = async (promise: Promise<unknown>) => promise.then(none, (error: unknown) => ProviderError.from(error));
const none = () => undefined;

test("a client serves the same peer, store, caller and digest, and nobody else", async (t) => {
  const cluster = { namespace: "" };
  const referent = { ...cluster, spec: { token: { name: "creds" } } };
  const pinned = { ...cluster, spec: { token: { name: "creds", namespace: "vault" } } };
  const cases: readonly [what: string, shares: boolean, first: CallOptions, second: CallOptions, clients: number][] = [
    ["the same call", false, {}, {}, 1],
    ["another peer", true, {}, { peer: "spiffe://test/other" }, 2],
    ["another store", true, {}, { uid: "uid-2" }, 2],
    ["another digest", true, {}, { digest: "digest-2" }, 2],
    ["no digest", true, { digest: "" }, { digest: "" }, 2],
    ["a store without UID", true, { uid: "" }, { uid: "" }, 2],
    ["another caller", false, cluster, { ...cluster, callerNamespace: "other" }, 2],
    ["another caller, clients are shared", true, cluster, { ...cluster, callerNamespace: "other" }, 1],
    ["another caller, shared, a referent reference", true, referent, { ...referent, callerNamespace: "other" }, 2],
    ["another caller, shared, references pinned", true, pinned, { ...pinned, callerNamespace: "other" }, 1],
  ];
  for (const [what, sharesClients, first, second, clients] of cases) {
    const { host, made, use } = setUp({ sharesClients });
    await use(call(first));
    await use(call(second));
    t.equal(made.length, clients, what);
    await host.close();
    t.ok(
      made.every(({ closed }) => closed === 1),
      `${what}: each is closed once`,
    );
  }
});

test("a shared client learns of no caller, a client of one caller does", async (t) => {
  for (const [sharesClients, namespace] of [
    [true, ""],
    [false, "tenant"],
  ] as const) {
    const { made, use } = setUp({ sharesClients });
    await use(call({ namespace: "", callerNamespace: "tenant" }));
    t.equal(made[0]?.context.namespace, namespace);
  }
});

test("the operation hears of fields that the provider does not know", async (t) => {
  const { host } = setUp();
  const newer = call({ spec: { newer: true } });
  const info = await host.use(newer, never, async (_client, { key, warnings }) => ({ key, warnings }));
  t.match(info, { key: "test", warnings: [/newer/] });
  t.match(await host.validateStore(newer, never), { warnings: [/newer/, "from the provider"], errors: [] });
  t.match(await host.validateStore(call({ uid: "u", spec: { server: 1 } }), never), { errors: [/server/] });
});

test("a replaced client is closed after the calls that use it", async (t) => {
  const { host, closes, use } = setUp();
  const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
  const busy = host.use(call(), never, async () => hold);
  await settle();
  await use(call({ digest: "digest-2" }));
  t.same(closes(), [0, 0]);
  letGo();
  await busy;
  await settle();
  t.same(closes(), [1, 0]);
  t.equal(host.clients, 1);
});

test("a client without digest is closed after its call", async (t) => {
  const { host, made, use } = setUp();
  await use(call({ digest: "" }));
  await settle();
  t.equal(made[0]?.closed, 1);
  t.equal(host.clients, 0);
});

test("callers share a creation, and one that goes away ends nobody else's", async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { made, use, creations } = setUp({ creating: () => gate });
  const leaver = new AbortController();
  const first = use(call(), leaver.signal);
  const second = use(call());
  leaver.abort();
  t.equal((await failure(first))?.code, "Cancelled");
  open();
  t.equal(await second, made[0]?.client);
  t.equal(creations(), 1);
  t.equal(made[0]?.signal.aborted, false);
});

test("a creation that nobody waits for is ended, and the next caller gets a new one", async (t) => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const signals: AbortSignal[] = [];
  const creating = async (creation: number, signal: AbortSignal) => {
    signals.push(signal);
    if (creation === 1) await gate;
  };
  const { host, made, closes, use } = setUp({ creating });
  const leaver = new AbortController();
  const first = use(call(), leaver.signal);
  await settle();
  leaver.abort();
  t.equal((await failure(first))?.code, "Cancelled");
  t.equal(signals[0]?.aborted, true);
  t.equal(await use(call()), made[0]?.client);
  open();
  await settle();
  t.same(closes(), [0, 1], "the one that came too late is closed");
  t.equal(host.clients, 1);
});

async function failThenHang(creation: number): Promise<void> {
  if (creation === 1) {
    // The second call begins a turn later.
    await settle();
    await settle();
    throw new ProviderError("Unauthenticated", "wrong password");
  }
  if (creation === 2) await new Promise(() => {});
}

test("a failed creation is not kept, and a hanging one ends at its own deadline", async (t) => {
  stayAlive(t);
  const { host, use, creations } = setUp({ creating: failThenHang, limits: { clientCreation: 20 } });
  const [one, two] = await Promise.all([failure(use(call())), failure(use(call()))]);
  t.equal(one?.code, "Unauthenticated");
  t.equal(two?.code, "Unauthenticated");
  t.equal(host.clients, 0);
  t.equal((await failure(use(call())))?.code, "DeadlineExceeded");
  await use(call());
  t.equal(creations(), 3);
});

test("newer tokens reach a kept client", async (t) => {
  const { made, use } = setUp({ sharesClients: true });
  const spec = { account: { name: "robot" } };
  await use(call({ spec, credentials: [token("old", 1_500_000)] }));
  await use(call({ spec, credentials: [token("new", 2_000_000)] }));
  const renewed = await made[0]?.context.token({ name: "robot" }, [], never);
  t.equal(renewed?.token, "new");
  t.equal(made.length, 1);
});

test("a legacy client lives no longer than the first token it took", async (t) => {
  const spec = { account: { name: "robot" } };
  const cases: readonly [what: string, shares: boolean, takes: boolean, clients: number][] = [
    ["legacy, took a token", false, true, 2],
    ["legacy, took none", false, false, 1],
    ["asks for tokens again and again", true, true, 1],
  ];
  for (const [what, sharesClients, takes, clients] of cases) {
    const { made, clock, use } = setUp({ sharesClients });
    await use(call({ spec, credentials: [token("first", 1_500_000)] }));
    if (takes) await made[0]?.context.token({ name: "robot" }, [], never);
    const later = call({ spec, credentials: [token("second", 2_000_000)] });
    clock.now = 1_499_999;
    await use(later);
    t.equal(made.length, 1, what);
    clock.now = 1_500_000;
    await use(later);
    t.equal(made.length, clients, what);
  }
});

test("clients are bounded: the one unused for longest goes, and all that are idle", async (t) => {
  const { host, made, closes, clock, use } = setUp({ limits: { clients: 2, clientIdle: 1_000 } });
  for (const uid of ["a", "b", "a", "c"]) await use(call({ uid }));
  await settle();
  t.equal(host.clients, 2);
  t.same(
    made.map(({ store, closed }) => [store.uid, closed]),
    [
      ["a", 0],
      ["b", 1],
      ["c", 0],
    ],
  );
  clock.now += 999;
  await use(call({ uid: "c" }));
  clock.now += 1;
  host.sweep();
  await settle();
  t.same(closes(), [1, 1, 0]);
});

test("a call ends when its caller goes, and counts until the provider is done", async (t) => {
  stayAlive(t);
  const { host } = setUp({ limits: { inFlightPerStore: 1 } });
  const { promise: hold, resolve: letGo } = Promise.withResolvers<void>();
  const deaf = failure(host.use(call(), AbortSignal.timeout(10), () => hold));
  t.equal((await deaf)?.code, "DeadlineExceeded");
  t.equal(host.inFlight, 1);
  t.match(await failure(host.use(call(), never, async () => {})), { code: "RateLimited", retryAfter: 1_000 });
  await host.use(call({ uid: "other" }), never, async () => {});
  letGo();
  await settle();
  t.equal(host.inFlight, 0);
  await host.use(call(), never, async () => {});
});
