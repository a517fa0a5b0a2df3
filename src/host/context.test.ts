import { test } from "tap";
import { Type } from "typebox";
import type { Credential } from "../api/credential.ts";
import { ProviderError } from "../api/errors.ts";
import type { Context, Provider, SecretKeySelector, SecretsClient, Store } from "../api/provider.ts";
import { caProvider, configMapRef, secretRef, serviceAccountRef } from "../api/schema.ts";
import { CredentialContext } from "./context.ts";
import { effectiveNamespace, isReferent } from "./declared.ts";
import type { ProviderDefinition } from "./definition.ts";
import { inProcess } from "./in-process.ts";
import { checkSpec } from "./spec-check.ts";

const signal = new AbortController().signal;
const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array) => Buffer.from(value).toString();
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => ProviderError.from(error),
  );

const schema = Type.Object({
  server: Type.String(),
  mode: Type.Optional(Type.String({ default: "fast" })),
  token: Type.Optional(secretRef({ defaultKey: "token" })),
  password: Type.Optional(secretRef()),
  config: Type.Optional(configMapRef()),
  ca: Type.Optional(caProvider()),
  account: Type.Optional(serviceAccountRef({ audiences: ["vault"] })),
});

/** Remembers the store and context that it was given. */
function recording() {
  const seen: { store: Store; context: Context }[] = [];
  const provider: Provider = {
    name: "test",
    capabilities: async () => ["get"],
    validateStore: async (store) => ({ warnings: [`checked ${JSON.stringify(store.spec)}`], errors: ["wrong"] }),
    newClient: async (store, context) => {
      seen.push({ store, context });
      return {} as SecretsClient;
    },
  };
  const stores = [{ key: "test", provider, spec: schema }];
  const definition: ProviderDefinition = { name: "tester", displayName: "Tester", version: "1.2.3", stores };
  return { definition, seen };
}

const check = (test: unknown) => checkSpec(recording().definition, { provider: { test } });

const cluster = { storeNamespace: "", callerNamespace: "caller" };
const namespaced = { storeNamespace: "own", callerNamespace: "own" };

async function contextOf(test: object, credentials: readonly Credential[], scope = namespaced) {
  const { references } = await check({ server: "s", ...test });
  return new CredentialContext(references, scope, { credentials, ambient: false });
}

function secret(path: string, name: string, values: Record<string, string>, namespace = "own"): Credential {
  const keys = new Map(Object.entries(values).map(([key, value]) => [key, bytes(value)]));
  return { path: `/provider/test${path}`, kind: "Secret", namespace, name, keys };
}

function token(audiences: readonly string[], value: string, expiresAt: number): Credential {
  const account = { serviceAccountUid: "sa-uid", annotations: new Map([["role", "reader"]]) };
  const path = "/provider/test/account";
  const identity = { path, kind: "ServiceAccount", namespace: "own", name: "robot" } as const;
  return { ...identity, token: { token: value, expiresAt, audiences, ...account } };
}

test("where a reference is read", (t) => {
  const cases: readonly [store: string, selector: string | undefined, caller: string, namespace: string][] = [
    ["own", undefined, "own", "own"],
    ["own", "own", "own", "own"],
    ["own", "foreign", "own", "own"],
    ["", "named", "caller", "named"],
    ["", undefined, "caller", "caller"],
    ["", "", "caller", "caller"],
    ["", undefined, "", ""],
  ];
  for (const [storeNamespace, selector, callerNamespace, expected] of cases) {
    t.equal(effectiveNamespace({ storeNamespace, callerNamespace }, selector), expected);
  }
  t.end();
});

test("a reference is referent when it depends on the caller", async (t) => {
  const { references } = await check({ server: "s", token: { name: "a" }, password: { name: "a", namespace: "b" } });
  t.same(
    references.map((reference) => isReferent(cluster, reference)),
    [true, false],
  );
  t.same(
    references.map((reference) => isReferent(namespaced, reference)),
    [false, false],
  );
});

test("a declared reference answers with what was sent", async (t) => {
  const spec = {
    token: { name: "creds" },
    password: { name: "creds", key: "pass" },
    config: { name: "settings", key: "url" },
    ca: { type: "ConfigMap", name: "bundle" },
  };
  const configMap = (path: string, name: string, values: Record<string, string>): Credential => ({
    ...secret(path, name, values),
    kind: "ConfigMap",
  });
  const context = await contextOf(spec, [
    secret("/token", "creds", { token: "t" }),
    secret("/password", "creds", { pass: "p" }),
    configMap("/config", "settings", { url: "u" }),
    configMap("/ca", "bundle", { "ca.crt": "pem" }),
  ]);
  t.equal(text(await context.secret(spec.token)), "t", "the mark's default key");
  t.equal(text(await context.secret({ ...spec.token, namespace: "foreign" })), "t", "a foreign namespace is ignored");
  t.equal(text(await context.secret(spec.password)), "p");
  t.equal(text(await context.configMap(spec.config)), "u");
  t.equal(text(await context.configMap(spec.ca)), "pem");
  t.equal(context.namespace, "own");
});

test("what cannot be answered is an error that names it", async (t) => {
  const spec = { token: { name: "creds" }, password: { name: "creds" }, config: { name: "gone", key: "k" } };
  const error = { code: "Unavailable", message: "the API server did not answer" } as const;
  const path = "/provider/test/config";
  const context = await contextOf(spec, [
    secret("/token", "creds", { other: "x" }),
    { path, kind: "ConfigMap", namespace: "own", name: "gone", error },
    secret("/password", "unrelated", { password: "x" }),
  ]);
  const ask = (ref: SecretKeySelector) => failure(context.secret(ref));
  t.match(await ask({ name: "stranger" }), {
    code: "InvalidConfig",
    message: 'Secret "stranger" is not a reference of this store\'s spec',
  });
  t.match(await ask({ name: "creds", key: "unnamed" }), {
    message: 'Secret "creds" (key "unnamed") is not a reference',
  });
  t.match(await ask({ name: "creds", key: "token" }), {
    code: "InvalidConfig",
    message: '/provider/test/token: cannot find secret data for key: "token" in Secret "own/creds"',
  });
  t.match(await failure(context.configMap({ name: "creds" })), { code: "InvalidConfig" }, "another kind");
  t.match(await failure(context.configMap({ name: "gone", key: "k" })), error, "thrown when asked, not before");

  const keyless = await contextOf({ password: { name: "creds" } }, [secret("/password", "creds", {})]);
  t.match(await failure(keyless.secret({ name: "creds" })), { message: "/provider/test/password: key must be set" });
  const unsent = await contextOf({ token: { name: "creds" } }, []);
  t.match(await failure(unsent.secret({ name: "creds" })), {
    code: "InvalidConfig",
    message: /\/provider\/test\/token/,
  });
});

test("a credential of another namespace or object than the spec means is refused", async (t) => {
  const spec = { token: { name: "creds", namespace: "foreign" } };
  const foreign = await contextOf(spec, [secret("/token", "creds", { token: "stolen" }, "foreign")]);
  const other = await contextOf(spec, [secret("/token", "other", { token: "stolen" })]);
  for (const context of [foreign, other]) t.equal((await failure(context.secret(spec.token)))?.code, "Internal");
  const allowed = await contextOf(spec, [secret("/token", "creds", { token: "t" }, "foreign")], cluster);
  t.equal(text(await allowed.secret(spec.token)), "t", "a cluster store reads where its selector says");
});

test("a referent reference without a caller says so", async (t) => {
  const context = await contextOf({ token: { name: "creds" } }, [], { storeNamespace: "", callerNamespace: "" });
  t.match(await failure(context.secret({ name: "creds" })), { code: "InvalidConfig", message: /no caller/ });
});

test("tokens are for the audiences that the user or else the provider names", async (t) => {
  const account = { name: "robot" };
  const context = await contextOf({ account }, [token(["vault", "other"], "first", 1_000)]);
  t.equal(context.firstTokenExpiresAt, undefined);
  t.same(await context.token(account, ["vault"]), {
    token: "first",
    expiresAt: 1_000,
    serviceAccountUid: "sa-uid",
    annotations: new Map([["role", "reader"]]),
  });
  t.equal((await context.token({ ...account, audiences: ["other"] }, ["unheard"])).token, "first");
  const wrong = await failure(context.token(account, ["aws"]));
  t.match(wrong, { code: "InvalidConfig", message: /\/provider\/test\/account.*"own\/robot".*\["aws"\]/ });
  t.match(await failure(context.token({ name: "stranger" }, [])), { code: "InvalidConfig", message: /stranger/ });

  context.renew([token(["vault"], "second", 2_000)]);
  context.renew([token(["vault"], "overtaken", 1_500)]);
  t.equal((await context.token(account, [])).token, "second", "newer tokens replace older ones, never the reverse");
  t.equal(context.firstTokenExpiresAt, 1_000);
});

test("in process a provider sees what it would see over the wire", async (t) => {
  const { definition, seen } = recording();
  const provider = inProcess(definition)("test");
  const identity = { apiVersion: "v1", kind: "SecretStore", namespace: "own", name: "s", uid: "u", generation: 1 };
  const store = (test: unknown): Store => ({ ...identity, spec: { provider: { test } } });
  const asked: unknown[] = [];
  const core: Context = {
    namespace: "own",
    ambient: true,
    secret: async (ref) => bytes(`${ref.name}/${ref.key}`),
    configMap: async (ref) => bytes(`${ref.name}/${ref.key}`),
    token: async (ref, audiences) => {
      asked.push([ref, audiences]);
      return { token: "t", expiresAt: 1, serviceAccountUid: "u", annotations: new Map() };
    },
  };
  const refs = { token: { name: "creds" }, ca: { type: "ConfigMap", name: "ca" }, account: { name: "robot" } };
  await provider.newClient(store({ server: "s", ...refs }), core, signal);
  const [made] = seen;
  if (made === undefined) throw new Error("no client was made");
  const { context } = made;
  t.match(made.store.spec.provider, { test: { mode: "fast" } }, "with defaults");
  t.equal(text(await context.secret({ name: "creds" }, signal)), "creds/token");
  t.equal(text(await context.configMap({ name: "ca" }, signal)), "ca/ca.crt");
  await context.token({ name: "robot" }, [], signal);
  t.same(asked, [[{ name: "robot" }, ["vault"]]], "with the mark's audiences");
  for (const undeclared of [
    context.secret({ name: "stranger" }, signal),
    context.configMap({ name: "creds" }, signal),
    context.token({ name: "stranger" }, [], signal),
  ]) {
    t.equal((await failure(undeclared))?.code, "InvalidConfig");
  }

  await t.rejects(provider.newClient(store({ server: 1 }), core, signal), { code: "InvalidConfig" });
  t.equal(seen.length, 1, "a provider never sees a wrong spec");
  t.match(await provider.validateStore(store({ server: "s", newer: 1 }), signal), {
    warnings: [/newer/, /checked .*fast/],
    errors: ["wrong"],
  });
  t.match(await provider.validateStore(store({}), signal), { warnings: [], errors: [/server/] });
  t.throws(() => inProcess(definition)("other"), { code: "InvalidConfig" });
});
