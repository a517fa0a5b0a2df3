import { fileURLToPath } from "node:url";
import { test } from "tap";
import { ProviderError } from "../api/errors.ts";
import { clusterSecretStore } from "../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../api/kinds/external-secret.ts";
import { secretStore } from "../api/kinds/secret-store.ts";
import type { Operation, Provider, Read, ReadResult, Store } from "../api/provider.ts";
import { ClusterError, type ObjectKey } from "../cluster/cluster.ts";
import { createLocalCluster } from "../local/cluster/local-cluster.ts";
import { loadSchemas } from "../local/cluster/schemas.ts";
import { manifestKinds, readObject } from "../local/manifests/read-object.ts";
import { createLogger } from "../process/logs.ts";
import { createRegistry } from "../process/metrics.ts";
import { parseSettings } from "../process/settings.ts";
import { ResolutionError } from "./resolve/resolution-error.ts";
import { startCore, type Core } from "./core.ts";
import { coreSettings } from "./settings.ts";

const schemas = await loadSchemas(fileURLToPath(new URL("../../deploy/crds", import.meta.url)));
const kinds = manifestKinds(schemas);
const app = { namespace: "team", name: "app" };
const main = { namespace: "team", name: "main" };
const at = (name: string) => ({ namespace: "team", name });
const bytes = (text: string) => new TextEncoder().encode(text);

type Body = Readonly<Record<string, unknown>>;

const unused = async () => {
  throw new ProviderError("Internal", "single calls are not expected");
};

/** A backend that answers `Read` from a map, and what it was asked for. */
function testProvider() {
  const values = new Map<string, string>([["k", "hunter2-hunter2"]]);
  const state = {
    values,
    reads: [] as (readonly Read[])[],
    clients: 0,
    closed: 0,
    fail: undefined as ProviderError | undefined,
    invalid: undefined as ProviderError | undefined,
    operations: ["get", "map", "find"] as readonly Operation[] | undefined,
    credential: undefined as string | undefined,
    onRead: () => {},
  };
  const answer = (read: Read): ReadResult => {
    if (read.op === "find") return { values: new Map([...values].map(([key, value]) => [key, bytes(value)])) };
    const value = values.get(read.ref.key);
    if (value === undefined) return { error: new ProviderError("NoSecret", "Secret does not exist") };
    return read.op === "get" ? { value: bytes(value) } : { values: new Map([[`${read.ref.key}/x`, bytes(value)]]) };
  };
  const provider: Provider = {
    name: "fake",
    capabilities: async () => {
      if (state.operations === undefined) throw new ProviderError("Unavailable", "down");
      return state.operations;
    },
    validateStore: async () => ({ warnings: [], errors: [] }),
    newClient: async (_store, context, signal) => {
      if (state.credential) await context.secret({ name: state.credential, key: "token" }, signal);
      state.clients += 1;
      if (state.fail) throw state.fail;
      return {
        getSecret: unused,
        getSecretMap: unused,
        getAllSecrets: unused,
        pushSecret: unused,
        deleteSecret: unused,
        secretExists: unused,
        validate: async () => {
          if (state.invalid) throw state.invalid;
          return "Ready";
        },
        close: async () => void (state.closed += 1),
        read: async (reads) => {
          state.reads.push(reads);
          state.onRead();
          return reads.map(answer);
        },
      };
    },
  };
  return { ...state, state, provider };
}

/** A core over a LocalCluster, and a world to change. */
function testWorld(argv: readonly string[] = []) {
  const cluster = createLocalCluster({ schemas, now: Date.now });
  const backend = testProvider();
  const registry = createRegistry();
  const lines: string[] = [];
  const logger = createLogger({ name: "core", level: "debug", destination: { write: (line) => lines.push(line) } });
  const providerFor = (store: Store): Provider => {
    if (Object.hasOwn(store.spec.provider, "fake")) return backend.provider;
    throw new ResolutionError(
      "ProviderNotFound",
      `nothing serves ${Object.keys(store.spec.provider).join()}; fake is available`,
    );
  };
  const apply = (kind: string, key: ObjectKey, body: Body, metadata: Body = {}) => {
    const apiVersion = kinds.get(kind)?.kind.apiVersion;
    const { object, problems } = readObject(kinds, { apiVersion, kind, metadata: { ...key, ...metadata }, ...body });
    if (object === undefined) throw new Error(JSON.stringify(problems));
    return cluster.apply(object);
  };
  const settings = parseSettings(coreSettings, argv);
  return {
    cluster,
    backend: backend.state,
    registry,
    lines,
    apply,
    start: (more: { readonly reconciledElsewhere?: ReadonlySet<string>; readonly cluster?: typeof cluster } = {}) =>
      startCore({
        cluster,
        providerFor,
        references: () => [],
        ofAdministrator: () => false,
        settings,
        registry,
        logger,
        now: Date.now,
        ...more,
      }),
    store: (spec: Body = {}, key: ObjectKey = main) =>
      apply("SecretStore", key, { spec: { provider: { fake: { data: [] } }, ...spec } }),
    secretOf: (key: ObjectKey = app) =>
      Object.fromEntries(
        Array.from(cluster.secret(key)?.data ?? [], ([name, value]) => [name, Buffer.from(value).toString()]),
      ),
    externalSecret: (spec: Body = {}, key: ObjectKey = app, metadata: Body = {}) =>
      apply(
        "ExternalSecret",
        key,
        { spec: { secretStoreRef: { name: "main" }, data: [{ secretKey: "one", remoteRef: { key: "k" } }], ...spec } },
        metadata,
      ),
    events: (key: ObjectKey = app, kind: Parameters<typeof cluster.events>[0] = externalSecret) =>
      cluster.events(kind, key).map(({ type, reason, message }) => [type, reason, message]),
    ready: (key: ObjectKey = app, kind: Parameters<typeof cluster.events>[0] = externalSecret) => {
      const status = cluster.get(kind, key)?.status as { conditions?: readonly Body[] } | undefined;
      return status?.conditions?.find(({ type }) => type === "Ready");
    },
    total: () => [...cluster.writes().values()].reduce((sum, each) => sum + each, 0),
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Until nothing runs and nothing is due right now. */
async function rest(core: Core): Promise<void> {
  let quiet = 0;
  await until("everything is at rest", () => {
    quiet = core.pending().some(({ active, dueAt }) => active || (dueAt ?? Infinity) <= Date.now()) ? 0 : quiet + 1;
    return quiet > 3;
  });
}

test("a new ExternalSecret costs three writes, an unchanged refresh one", async (t) => {
  const world = testWorld();
  world.store();
  const core = world.start();
  t.teardown(() => core.stop());
  await until("the store is Ready", () => world.ready(main, secretStore)?.["status"] === "True");
  await rest(core);
  const before = new Map(world.cluster.writes());
  const spent = () =>
    Object.fromEntries(
      [...world.cluster.writes()]
        .map(([request, count]) => [request, count - (before.get(request) ?? 0)])
        .filter(([, count]) => count !== 0),
    );

  world.externalSecret({ refreshInterval: "1s" }, app, { labels: { team: "a" } });
  await until("it is Ready", () => world.ready()?.["status"] === "True");
  t.strictSame(world.secretOf(), { one: "hunter2-hunter2" });
  t.strictSame(world.events(), [["Normal", "Created", "secret created"]]);
  t.match(world.ready(), { reason: "SecretSynced", message: "secret synced" });
  const object = world.cluster.get(externalSecret, app);
  t.match(object?.status, { binding: { name: "app" }, syncedResourceVersion: /^1-[0-9a-f]{56}$/ });
  t.strictSame(object?.metadata.finalizers, [], "no finalizer");
  const { labels, ownerReferences } = world.cluster.secret(app)?.metadata ?? {};
  t.match(labels, { team: "a", "reconcile.external-secrets.io/managed": "true" });
  t.match(ownerReferences, [{ kind: "ExternalSecret", name: "app", controller: true }]);

  const first = world.backend.reads.length;
  await until("it was refreshed twice", () => world.backend.reads.length >= first + 2);
  await core.stop();
  t.strictSame(
    spent(),
    { "create Secret": 1, "create Event": 1, "update ExternalSecret/status": world.backend.reads.length },
    "each refresh wrote the status, and that was all",
  );
  t.equal(world.backend.clients, world.backend.closed, "every client was closed");
});

test("fifty references are one Read, and two stores are two", async (t) => {
  const world = testWorld();
  world.store();
  world.store({}, { namespace: "team", name: "other" });
  const data = Array.from({ length: 50 }, (_, index) => ({
    secretKey: `key-${index}`,
    remoteRef: { key: "k" },
    ...(index === 7 && { sourceRef: { storeRef: { name: "other" } } }),
  }));
  world.externalSecret({ data, dataFrom: [{ extract: { key: "k" } }, { find: { name: { regexp: ".*" } } }] });
  const core = world.start();
  t.teardown(() => core.stop());
  await until("it is Ready", () => world.ready()?.["status"] === "True");
  t.strictSame(
    world.backend.reads.map(({ length }) => length).toSorted((a, b) => a - b),
    [1, 51],
  );
  t.equal(Object.keys(world.secretOf()).length, 52, "50, the extracted k_x and the found k");
  t.strictSame(Object.fromEntries(world.cluster.writes()), {
    "update SecretStore/status": 2,
    "create Secret": 1,
    "update ExternalSecret/status": 1,
    "create Event": 5,
  });
  t.equal(world.events().length, 1, "no failure while the store was looked at for the first time");
});

test("a Secret that is edited or deleted is put back; a renamed target leaves no orphan", async (t) => {
  const world = testWorld();
  world.store();
  world.externalSecret({ refreshInterval: "0" });
  const core = world.start();
  t.teardown(() => core.stop());
  await until("it is Ready", () => world.ready()?.["status"] === "True");

  world.apply("Secret", app, { stringData: { one: "edited" } });
  await until("it is put back", () => world.secretOf()["one"] === "hunter2-hunter2");
  t.strictSame(world.events().at(-1), ["Normal", "Updated", "secret updated"]);
  world.cluster.remove({ apiVersion: "v1", kind: "Secret", namespaced: true }, app);
  await until("it is made again", () => world.secretOf()["one"] === "hunter2-hunter2");

  await rest(core);
  world.externalSecret({ refreshInterval: "1h", target: { name: "renamed" } });
  await until("it moved", () => world.cluster.secret({ namespace: "team", name: "renamed" }) !== undefined);
  t.equal(world.cluster.secret(app), undefined);
  t.ok(world.events().some(([, , message]) => message === "secret deleted because it was orphaned"));

  world.cluster.remove(externalSecret, app);
  await until(
    "its Secret went with it",
    () => world.cluster.secret({ namespace: "team", name: "renamed" }) === undefined,
  );
});

test("a write whose answer was lost is no failure for an hour", async (t) => {
  const world = testWorld();
  world.store();
  world.externalSecret();
  let lost = 0;
  const createSecret: typeof world.cluster.createSecret = async (...given) => {
    const made = await world.cluster.createSecret(...given);
    if (given[0].name !== "app" || lost > 0 || world.ready() === undefined) return made;
    lost += 1;
    throw new ClusterError("Unavailable", "the connection was reset");
  };
  const core = world.start({ cluster: { ...world.cluster, createSecret } });
  t.teardown(() => core.stop());
  await until("it is Ready", () => world.ready()?.["status"] === "True");

  world.cluster.remove({ apiVersion: "v1", kind: "Secret", namespaced: true }, app);
  await until("it failed to be put back", () => world.ready()?.["status"] === "False");
  t.equal(world.secretOf()["one"], "hunter2-hunter2", "it was made all the same");
  await until("it is Ready again", () => world.ready()?.["status"] === "True");
  t.equal(lost, 1);
});

test("what failed through a store recovers as soon as the store does", async (t) => {
  const world = testWorld();
  world.backend.fail = new ProviderError("Unavailable", "the provider is down\u001b[31m");
  world.store();
  world.externalSecret();
  const core = world.start();
  t.teardown(() => core.stop());
  await until("it failed", () => world.ready()?.["status"] === "False");
  t.match(world.ready(main, secretStore), {
    status: "False",
    reason: "ProviderUnavailable",
    message: "unable to create client",
  });
  t.match(world.ready(), { reason: "SecretSyncedError", message: "could not get secret data from provider" });
  t.strictSame(world.events(), [
    ["Warning", "UpdateFailed", 'error processing spec.data[0] (key: k), err: SecretStore "main" is not ready'],
  ]);
  t.strictSame(world.events(main, secretStore)[0], [
    "Warning",
    "ProviderUnavailable",
    String.raw`the provider is down\x1b[31m`,
  ]);
  t.match(
    core.pending().find(({ kind }) => kind === "ExternalSecret"),
    { failures: 1, error: { code: "InvalidConfig" } },
  );

  world.backend.fail = undefined;
  core.wake("provider:fake");
  await until("both are Ready", () => world.ready()?.["status"] === "True");
  t.match(world.ready(main, secretStore), { reason: "Valid", message: "store validated" });
  t.match(world.cluster.get(secretStore, main)?.status, { capabilities: "ReadOnly" });
});

test("a missing store, key or credential is said, and mended by itself", async (t) => {
  const world = testWorld();
  world.externalSecret();
  const core = world.start();
  t.teardown(() => core.stop());
  const message = () => world.events().at(-1)?.[2];
  await until("the store is missing", () => world.ready()?.["status"] === "False");
  t.equal(
    message(),
    'error processing spec.data[0] (key: k), err: could not get SecretStore "main", SecretStore.external-secrets.io "main" not found',
  );

  world.backend.values.clear();
  world.store();
  await until("the key is missing", () => message()?.includes("Secret does not exist") ?? false);
  t.match(
    core.pending().find(({ kind }) => kind === "ExternalSecret"),
    { error: { code: "NoSecret" } },
  );
  world.backend.values.set("k", "back");
  world.store({ refreshInterval: "7m" });
  await until("a changed store tries it again", () => world.secretOf()["one"] === "back");
});

test("a credential that appears or changes is noticed at once", async (t) => {
  const world = testWorld();
  world.backend.credential = "creds";
  world.store();
  world.externalSecret();
  const core = world.start();
  t.teardown(() => core.stop());
  await until("the credential is missing", () => world.ready()?.["status"] === "False");
  const missing = /cannot get Kubernetes secret "creds" from namespace "team"/;
  t.match(world.events(main, secretStore)[0]?.[2], missing);
  world.apply("Secret", at("creds"), { stringData: { token: "t1" } });
  await until("it is Ready", () => world.ready()?.["status"] === "True");

  world.backend.invalid = new ProviderError("Unauthenticated", "permission denied");
  world.apply("Secret", at("creds"), { stringData: { token: "t2" } });
  await until("the store was looked at again", () => world.ready(main, secretStore)?.["status"] === "False");
  t.match(world.ready(main, secretStore), { reason: "InvalidProviderConfig", message: "unable to validate store" });
});

test("what cannot work is refused once, and the rest goes on", async (t) => {
  const world = testWorld(["--controller-class", "mine"]);
  world.store();
  world.store({ provider: { aws: {} } }, at("unserved"));
  world.store({ controller: "theirs" }, at("foreign"));
  world.store({ refreshInterval: "-5m" }, at("negative"));
  world.apply(
    "ClusterSecretStore",
    { namespace: "", name: "closed" },
    { spec: { provider: { fake: { data: [] } }, conditions: [{ namespaces: ["other"] }] } },
  );
  world.externalSecret({}, at("good"));
  world.externalSecret({ target: { immutable: true } }, at("unbuilt"));
  world.externalSecret({ target: { name: "good" } }, at("thief"));
  world.externalSecret({ secretStoreRef: { name: "foreign" } }, at("not-ours"));
  world.externalSecret({ secretStoreRef: { kind: "ClusterSecretStore", name: "closed" } }, at("denied"));
  world.externalSecret({ target: { creationPolicy: "None" } }, at("none"));
  const core = world.start();
  t.teardown(() => core.stop());
  const names = ["good", "unbuilt", "thief", "denied", "none"];
  await until("each is known", () => names.every((name) => world.ready(at(name)) !== undefined));
  await rest(core);

  t.match(world.ready(at("good")), { status: "True" });
  t.match(world.ready(at("unbuilt")), {
    status: "False",
    message: "spec.target.immutable is not supported by this version of Outboard",
  });
  t.match(world.ready(at("thief")), { status: "False", message: "target is owned by another ExternalSecret" });
  t.equal(world.events(at("thief"))[0]?.[2], "secret is owned by another ExternalSecret: good");
  t.match(
    world.events(at("denied"))[0]?.[2],
    /using cluster store "closed" is not allowed from namespace "team": denied by spec.condition$/,
  );
  t.match(world.ready(at("none")), { status: "True", message: "secret synced" });
  t.equal(world.cluster.secret(at("none")), undefined);
  t.equal(world.ready(at("not-ours")), undefined, "left alone");
  t.equal(world.ready(at("foreign"), secretStore), undefined);
  t.match(world.ready(at("unserved"), secretStore), {
    status: "False",
    reason: "ProviderNotFound",
    message: "nothing serves aws; fake is available",
  });
  t.match(world.events(at("negative"), secretStore)[0]?.[2], /invalid refreshInterval "-5m": must not be negative/);
  t.match(world.ready({ namespace: "", name: "closed" }, clusterSecretStore), { status: "True" });
  const stuck = core
    .pending()
    .filter(({ kind, error, dueAt }) => kind === "ExternalSecret" && error && dueAt === undefined);
  t.strictSame(stuck.map(({ key }) => key.name).toSorted(), ["thief", "unbuilt"]);

  world.cluster.remove(externalSecret, at("good"));
  await until("the thief may have it now", () => world.ready(at("thief"))?.["status"] === "True");
});

test("a store says Valid once, keeps its capabilities, and its metrics are ESO's", async (t) => {
  const world = testWorld(["--store-requeue-interval", "1s"]);
  world.store();
  world.externalSecret();
  const core = world.start();
  t.teardown(() => core.stop());
  await until("it is Ready", () => world.ready()?.["status"] === "True");
  const clients = world.backend.clients;
  const writes = world.total();
  world.backend.operations = undefined;
  await until("the store was looked at again", () => world.backend.clients >= clients + 2);
  await rest(core);
  t.equal(world.total(), writes, "nothing new, nothing written");
  t.match(world.cluster.get(secretStore, main)?.status, { capabilities: "ReadOnly" });

  const text = await world.registry.metrics();
  const lines = [
    'externalsecret_status_condition{name="app",namespace="team",condition="Ready",status="True"} 1',
    'externalsecret_status_condition{name="app",namespace="team",condition="Ready",status="False"} 0',
    'secretstore_status_condition{name="main",namespace="team",condition="Ready",status="True"} 1',
    'outboard_queue_depth{controller="ExternalSecret",state="active"} 0',
    'workqueue_depth{name="externalsecret",controller="externalsecret"} 0',
    'controller_runtime_max_concurrent_reconciles{controller="secretstore"} 50',
  ];
  for (const line of lines) t.ok(text.includes(line), line);
  t.match(text, /externalsecret_sync_calls_total\{name="app",namespace="team"\} \d/);
  t.match(text, /controller_runtime_reconcile_total\{controller="externalsecret",result="requeue_after"\} [1-9]/);
  t.match(text, /controller_runtime_reconcile_time_seconds_count\{controller="secretstore"\} [1-9]/);
  t.match(text, /externalsecret_reconcile_duration\{name="app",namespace="team"\} \d/);
  world.cluster.remove(externalSecret, app);
  await rest(core);
  t.notMatch(await world.registry.metrics(), /name="app"/, "an object that is gone leaves no series");
  t.notMatch(world.lines.join(""), /hunter2/, "no value in a log");
});

test("a store that another operator reconciles is not looked at, and what that one says of it counts", async (t) => {
  const world = testWorld();
  world.store();
  world.externalSecret();
  const core = world.start({ reconciledElsewhere: new Set([secretStore.kind]) });
  t.teardown(() => core.stop());
  await rest(core);
  t.strictSame([world.ready(), world.ready(main, secretStore)], [undefined, undefined], "it waits for the first look");
  const say = async (status: "True" | "False") => {
    const { resourceVersion = "" } = world.cluster.get(secretStore, main)?.metadata ?? {};
    const conditions = [{ type: "Ready", status, reason: "Valid", message: "" }];
    await world.cluster.updateStatus(secretStore, main, resourceVersion, { conditions }, new AbortController().signal);
  };
  await say("False");
  await until("it is not Ready", () => world.ready()?.["status"] === "False");
  await say("True");
  await until("it is Ready", () => world.ready()?.["status"] === "True");
  t.notMatch(await world.registry.metrics(), /^secretstore_/m, "no metrics of what is not reconciled here");
});

test("others get a turn between the steps of a Secret with many keys", async (t) => {
  const world = testWorld();
  world.store();
  const core = world.start();
  t.teardown(() => core.stop());
  await rest(core);
  for (let index = 0; index < 1_000; index += 1) world.backend.values.set(`key-${index}`, "v");
  const order: string[] = [];
  let turns = 0;
  world.backend.onRead = () => {
    const turn = () => {
      order.push("another");
      turns += 1;
      if (turns < 10) setImmediate(turn);
    };
    setImmediate(turn);
  };
  t.teardown(
    world.cluster.watch(({ kind, key }) => {
      if (kind === "Secret" && key.name === app.name) order.push("written");
    }),
  );
  world.externalSecret({ data: [], dataFrom: [{ find: { name: { regexp: ".*" } } }] });
  await until("it is Ready", () => world.ready()?.["status"] === "True");
  t.ok(order.indexOf("written") >= 2, `before the plan and before the write: ${order.join()}`);
});
