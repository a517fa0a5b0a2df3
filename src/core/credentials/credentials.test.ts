import t from "tap";
import { ProviderError } from "../../api/errors.ts";
import { clusterVaultStore, vaultConfig, vaultStore } from "../../../test/core-store.ts";
import { ClusterError, type ClusterErrorReason, type ObjectKey } from "../../cluster/cluster.ts";
import type { CoreStore } from "../store.ts";
import { opensApiServer } from "./api-server-tokens.ts";
import { createBoundedCache } from "./bounded-cache.ts";
import { createCredentials } from "./credentials.ts";
import { createDependencies } from "./dependencies.ts";
import { createFlights } from "./flights.ts";
import { defaultPolicy, mayUseAmbient, type Ambient, type ApiServerTokens } from "./policy.ts";

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

const secretStore = vaultStore();
const clusterStore = clusterVaultStore();

const byDefault = { policy: defaultPolicy, ofAdministrator: (namespace: string) => namespace === "system" };

const object = (name: string) => ({ namespace: "n", name });
const id = (kind: string, key: ObjectKey) => `${kind}/${key.namespace}/${key.name}`;

const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;

/** A cluster of Secrets and ConfigMaps that counts what is asked of it. */
function testCluster() {
  const objects = new Map<string, { resourceVersion: string; data: Map<string, Uint8Array> }>();
  const asked: string[] = [];
  let failure: ClusterErrorReason | undefined;
  let frozen: typeof objects | undefined;
  let gate: Promise<void> = Promise.resolve();
  return {
    asked,
    put(kind: string, namespace: string, name: string, data: Record<string, string>) {
      const before = objects.get(id(kind, { namespace, name }))?.resourceVersion ?? "0";
      objects.set(id(kind, { namespace, name }), {
        resourceVersion: `${Number(before) + 1}`,
        data: new Map(Object.entries(data).map(([key, value]) => [key, bytes(value)])),
      });
    },
    fail(reason: ClusterErrorReason | undefined) {
      failure = reason;
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
    async referencedKeys(kind: "Secret" | "ConfigMap", key: ObjectKey, keys: readonly string[], signal: AbortSignal) {
      asked.push(`${id(kind, key)}#${keys.join(",")}`);
      await gate;
      signal.throwIfAborted();
      if (failure) throw new ClusterError(failure, "the API server said no");
      const object = objects.get(id(kind, key));
      if (!object) throw new ClusterError("NotFound", `${kind.toLowerCase()}s "${key.name}" not found`);
      const data = new Map([...object.data].filter(([name]) => keys.includes(name)));
      return { uid: "u", resourceVersion: object.resourceVersion, data };
    },
    /** The view stays as it is while objects change. */
    freeze() {
      frozen = new Map(objects);
    },
    thaw() {
      frozen = undefined;
    },
    referencedVersion(kind: "Secret" | "ConfigMap" | "ServiceAccount", key: ObjectKey) {
      const object = (frozen ?? objects).get(id(kind, key));
      return object && { uid: "u", resourceVersion: object.resourceVersion };
    },
    tokens: 0,
    async token(key: ObjectKey, audiences: readonly string[], expirationSeconds: number) {
      asked.push(`token ${key.namespace}/${key.name} ${audiences.join(",")} ${expirationSeconds}`);
      this.tokens += 1;
      return {
        token: audiences.includes("issuer") ? jwt({ iss: "issuer", aud: [...audiences] }) : `t${this.tokens}`,
        expiresAt: 600_000 * this.tokens,
        serviceAccountUid: "sa",
        annotations: new Map(),
      };
    },
  };
}

t.test("an unchanged object is read once, a rotated one again", async (t) => {
  const cluster = testCluster();
  cluster.put("Secret", "team-a", "creds", { token: "first", other: "x" });
  const credentials = createCredentials({ cluster, ...byDefault, now: () => 0 });
  const read = (key = "token") =>
    credentials.context(secretStore, "team-a").secret({ name: "creds", key, namespace: "elsewhere" }, never).then(text);

  t.equal(await read(), "first");
  t.equal(await read(), "first");
  t.strictSame(cluster.asked, ["Secret/team-a/creds#token"], "in the store's own namespace, once");
  await t.rejects(read("gone"), { code: "InvalidConfig" });
  await t.rejects(read("gone"), { code: "InvalidConfig" });
  t.equal(cluster.asked.length, 2, "that a key is missing is remembered too");

  cluster.put("Secret", "team-a", "creds", { token: "second", gone: "back" });
  t.equal(await read(), "second");
  t.equal(await read("gone"), "back");
  t.equal(cluster.asked.length, 4);
});

t.test("concurrent reads of one key are one request, and a cancel ends only its own", async (t) => {
  const cluster = testCluster();
  cluster.put("Secret", "team-a", "creds", { token: "v" });
  const open = cluster.hold();
  const context = createCredentials({ cluster, ...byDefault, now: () => 0 }).context(secretStore, "team-a");
  const impatient = new AbortController();
  const first = context.secret({ name: "creds", key: "token" }, impatient.signal);
  const second = context.secret({ name: "creds", key: "token" }, never);
  impatient.abort();
  await t.rejects(first, { code: "Cancelled" });
  const third = context.secret({ name: "creds", key: "token" }, never);
  open();
  t.equal(text(await second), "v");
  t.equal(text(await third), "v");
  t.equal(cluster.asked.length, 1);
});

t.test("a shared call ends when its last caller leaves, and its signal says why", async (t) => {
  const share = createFlights<string>();
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string>(() => undefined);
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = share("k", one.signal, start);
  const second = share("k", two.signal, start);
  one.abort();
  await t.rejects(first, { code: "Cancelled" });
  t.equal(signals[0]?.aborted, false);
  two.abort(new DOMException("late", "TimeoutError"));
  await t.rejects(second, { code: "DeadlineExceeded" });
  t.equal(signals.length, 1);
  t.equal(signals[0]?.aborted, true);
  await t.rejects(share("k", one.signal, start), { code: "Cancelled" });
  t.equal(signals.length, 1, "nothing starts for a signal that is aborted already");
});

t.test("tokens are used for 80 % of their life", async (t) => {
  const cluster = testCluster();
  let now = 0;
  const context = createCredentials({ cluster, ...byDefault, now: () => now }).context(secretStore, "team-a");
  const ask = async (audience: string) => (await context.token({ name: "app" }, [audience], never)).token;
  t.equal(await ask("aud"), "t1");
  now = 479_999;
  t.equal(await ask("aud"), "t1");
  now = 480_000;
  t.equal(await ask("aud"), "t2");
  t.equal(await ask("other"), "t3", "another audience, another token");
  t.equal(cluster.asked[0], "token team-a/app aud 600");
});

t.test("a token is asked for anew when its ServiceAccount is another one", async (t) => {
  const cluster = testCluster();
  cluster.put("ServiceAccount", "team-a", "app", {});
  const context = createCredentials({ cluster, ...byDefault, now: () => 0 }).context(secretStore, "team-a");
  const ask = async () => (await context.token({ name: "app" }, ["aud"], never)).token;
  t.equal(await ask(), "t1");
  t.equal(await ask(), "t1");
  cluster.put("ServiceAccount", "team-a", "app", {});
  t.equal(await ask(), "t2", "its annotations travel with the token");
});

t.test("what a backend refused is read past the view, once in ten seconds", async (t) => {
  const cluster = testCluster();
  let now = 0;
  cluster.put("Secret", "team-a", "creds", { token: "first" });
  cluster.freeze();
  const credentials = createCredentials({ cluster, ...byDefault, now: () => now });
  const context = credentials.context(secretStore, "team-a");
  const read = () => context.secret({ name: "creds", key: "token" }, never).then(text);
  t.equal(await context.reread(never), false, "nothing was handed out");
  t.equal(await read(), "first");
  cluster.put("Secret", "team-a", "creds", { token: "second" });
  t.equal(await read(), "first", "the view does not know yet");
  t.equal(await context.reread(never), false, "it was read just now");
  now = 10_000;
  t.equal(await context.reread(never), true);
  t.equal(await read(), "second");
  cluster.thaw();
  const requests = cluster.asked.length;
  t.equal(await read(), "second");
  t.equal(cluster.asked.length, requests, "the view has caught up");

  now = 20_000;
  t.equal(await context.reread(never), false, "it is the same");
  t.equal(cluster.asked.length, requests + 1);
  t.equal(await context.reread(never), false);
  t.equal(cluster.asked.length, requests + 1, "and not asked for again so soon");
  now = 30_000;
  cluster.fail("Unavailable");
  t.equal(await context.reread(never), false, "what cannot be read is no news");

  cluster.fail(undefined);
  const other = credentials.context(secretStore, "team-a");
  t.equal((await other.token({ name: "app" }, ["aud"], never)).token, "t1");
  t.equal(await other.reread(never), false);
  now = 40_000;
  t.equal(await other.reread(never), true, "another token");
  t.equal((await other.token({ name: "app" }, ["aud"], never)).token, "t2");
});

t.test("tokens that open the Kubernetes API", async (t) => {
  const ask = (apiServerTokens: ApiServerTokens, audiences: readonly string[]) =>
    createCredentials({
      ...byDefault,
      cluster: testCluster(),
      policy: { ...defaultPolicy, apiServerTokens },
      now: () => 0,
    })
      .context(secretStore, "team-a")
      .token({ name: "app" }, audiences, never);
  t.ok(await ask("Allow", []));
  t.ok(await ask("Deny", ["vault"]));
  await t.rejects(ask("Deny", []), { code: "PermissionDenied", message: /--api-server-tokens=Deny/ });
  await t.rejects(ask("Allow", ["vault", "issuer"]), { code: "PermissionDenied", message: /the Kubernetes API's own/ });

  const table: readonly (readonly [aud: unknown, opens: boolean])[] = [
    ["issuer", true],
    [["vault", "issuer"], true],
    ["https://kubernetes.default.svc", true],
    ["https://kubernetes.default.svc.cluster.local", true],
    ["kubernetes.default", true],
    [["vault"], false],
    ["https://kubernetes.default.example.com", false],
    [undefined, false],
    [[7], false],
  ];
  for (const [aud, opens] of table) t.equal(opensApiServer(jwt({ iss: "issuer", aud })), opens, JSON.stringify(aud));
  for (const token of ["", "a.b", "a.!.c", `a.${Buffer.from("null").toString("base64url")}.c`]) {
    t.equal(opensApiServer(token), false, "what is no JWT");
  }
});

t.test("whose pod's identity a store may use", (t) => {
  const table: readonly (readonly [ambient: Ambient, namespaced: boolean, cluster: boolean])[] = [
    ["None", false, false],
    ["ClusterStores", false, true],
    ["All", true, true],
  ];
  for (const [ambient, namespaced, ofCluster] of table) {
    const policy = { ...defaultPolicy, ambient };
    const credentials = createCredentials({ ...byDefault, cluster: testCluster(), policy, now: () => 0 });
    t.equal(credentials.context(secretStore, "team-a").ambient, namespaced, ambient);
    t.equal(credentials.context(clusterStore, "team-a").ambient, ofCluster, ambient);
  }
  t.end();
});

t.test("a pod's identity is not for a config object that a tenant may have written", (t) => {
  const ofAdministrator = (namespace: string) => namespace === "system";
  const table: readonly (readonly [store: CoreStore, namespace: string, ambient: Ambient, may: boolean])[] = [
    [clusterStore, "system", "ClusterStores", true],
    [clusterStore, "team-a", "ClusterStores", false],
    [clusterStore, "system", "None", false],
    [clusterStore, "team-a", "All", true],
    [secretStore, "system", "ClusterStores", false],
    [secretStore, "team-a", "All", true],
  ];
  for (const [store, namespace, ambient, may] of table) {
    const asked = { ...store, config: { ...vaultConfig, namespace } };
    t.equal(mayUseAmbient(asked, ambient, ofAdministrator), may, `${store.kind} of ${namespace}, ${ambient}`);
  }
  t.end();
});

t.test("under ProviderNamespace every caller is served as the config's own namespace is", async (t) => {
  const cluster = testCluster();
  cluster.put("Secret", "platform", "creds", { token: "platform's" });
  cluster.put("Secret", "team-a", "creds", { token: "team's" });
  const read = async (scope: "ProviderNamespace" | "ManifestNamespace", caller: string) => {
    const credentials = createCredentials({ cluster, ...byDefault, now: () => 0 });
    const context = credentials.context({ ...clusterStore, config: { ...vaultConfig, scope } }, caller);
    return [context.namespace, text(await context.secret({ name: "creds", key: "token" }, never))];
  };
  t.strictSame(await read("ProviderNamespace", "team-a"), ["platform", "platform's"]);
  t.strictSame(await read("ManifestNamespace", "team-a"), ["team-a", "team's"]);
  await t.rejects(read("ManifestNamespace", "team-b"), { message: /from namespace "team-b"/ });
});

t.test("what was asked for is what a store depends on", async (t) => {
  const cluster = testCluster();
  cluster.put("Secret", "team-a", "creds", { token: "v" });
  const credentials = createCredentials({ cluster, ...byDefault, now: () => 0 });
  const own = { namespace: "team-a", name: "creds" };
  await credentials.context(secretStore, "team-a").secret({ name: "creds", key: "token" }, never);
  await credentials.context(clusterStore, "team-a").secret({ name: "creds", key: "token" }, never);
  await t.rejects(credentials.context(secretStore, "team-a").configMap({ name: "ca", key: "ca.crt" }, never));
  await credentials.context(secretStore, "team-a").token({ name: "app" }, [], never);

  t.strictSame(credentials.dependents("Secret", own), [
    { kind: "SecretStore", namespace: "team-a", name: "main" },
    { kind: "ClusterSecretStore", namespace: "", name: "main" },
  ]);
  t.equal(credentials.dependents("ConfigMap", { namespace: "team-a", name: "ca" }).length, 1, "a missing object too");
  t.equal(credentials.dependents("ServiceAccount", { namespace: "team-a", name: "app" }).length, 1);
  t.strictSame(credentials.dependents("ConfigMap", own), []);

  credentials.forget(secretStore.ref);
  t.strictSame(
    credentials.dependents("Secret", own).map(({ kind }) => kind),
    ["ClusterSecretStore"],
  );
});

t.test("a changed spec starts its dependencies afresh, and they are bounded", (t) => {
  const dependencies = createDependencies(3);
  dependencies.record(secretStore, "Secret", object("old"));
  dependencies.record({ ...secretStore, generation: 4 }, "Secret", object("new"));
  t.strictSame(dependencies.dependents("Secret", object("old")), []);
  t.equal(dependencies.dependents("Secret", object("new")).length, 1);
  for (const name of ["a", "b", "c"])
    dependencies.record({ ...secretStore, ref: { ...secretStore.ref, name } }, "Secret", object(name));
  t.strictSame(dependencies.dependents("Secret", object("new")), [], "the oldest store gave way");
  t.equal(dependencies.dependents("Secret", object("c")).length, 1);
  t.end();
});

t.test("what cannot be read is said in ESO's words, with what to do", async (t) => {
  const cluster = testCluster();
  cluster.put("Secret", "team-a", "creds", { token: "hunter2-hunter2" });
  const context = createCredentials({ cluster, ...byDefault, now: () => 0 }).context(secretStore, "team-a");
  const secret = (ref: { name?: string; key?: string }) => context.secret(ref, never);
  const missing = 'cannot get Kubernetes secret "nope" from namespace "team-a": secrets "nope" not found; create it';
  await t.rejects(secret({ name: "nope", key: "k" }), { code: "InvalidConfig", message: missing });
  await t.rejects(secret({ name: "creds", key: "k" }), {
    code: "InvalidConfig",
    message: 'cannot find secret data for key: "k"',
  });
  await t.rejects(secret({ name: "creds" }), { message: /set the reference's key/ });
  await t.rejects(secret({ key: "k" }), { message: /names no Secret/ });

  const codes: readonly [ClusterErrorReason, string][] = [
    ["Forbidden", "PermissionDenied"],
    ["Invalid", "InvalidConfig"],
    ["Unavailable", "Unavailable"],
    ["TooManyRequests", "Unavailable"],
  ];
  for (const [reason, code] of codes) {
    cluster.fail(reason);
    const error: unknown = await context.configMap({ name: "ca", key: "k" }, never).catch((thrown: unknown) => thrown);
    t.ok(error instanceof ProviderError);
    t.match(error, {
      code,
      message: 'cannot get Kubernetes configmap "ca" from namespace "team-a": the API server said no',
    });
  }
  cluster.fail(undefined);
  cluster.put("ConfigMap", "team-a", "ca", { k: "pem" });
  t.equal(text(await context.configMap({ name: "ca", key: "k" }, never)), "pem", "and it recovers");
});

t.test("a bounded cache forgets what was used longest ago", (t) => {
  const cache = createBoundedCache<number>(2, 10);
  cache.set("a", 1, 1);
  cache.set("b", 2, 1);
  cache.get("a");
  cache.set("c", 3, 1);
  t.strictSame([cache.get("a"), cache.get("b"), cache.get("c")], [1, undefined, 3], "by count");
  cache.set("c", 4, 10);
  t.strictSame([cache.get("a"), cache.get("c")], [undefined, 4], "by bytes");
  cache.set("d", 5, 11);
  t.strictSame([cache.get("c"), cache.get("d")], [undefined, undefined], "too large to keep");
  cache.set("e", 6, 10);
  t.equal(cache.get("e"), 6, "and what was dropped no longer counts");
  t.end();
});
