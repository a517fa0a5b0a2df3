import t from "tap";
import { ProviderError } from "../../api/errors.ts";
import type { Context as ContextMessage } from "../../wire/gen/outboard/v1/context.ts";
import type { CompatibilityStore } from "../../wire/gen/provider/v1/secretstore.ts";
import { credential, failure, info, never, setUp } from "../../../test/shim-fixture.ts";
import { toDescribeResponse, type ServedKind } from "../../wire/describe.ts";
import { vaultConfig, vaultStore } from "../../../test/core-store.ts";
import { describeVault, type Script } from "../../../test/scripted-peer.ts";

const bytes = (text: string) => Buffer.from(text);

t.test(
  "a peer with Describe gets the store, its credentials and a digest, and nothing of the prototype's",
  async (t) => {
    const seen: (ContextMessage | undefined)[] = [];
    const auth = {
      tokenSecretRef: { name: "creds", namespace: "foreign" },
      serviceAccountRef: { name: "app" },
    };
    const store = vaultStore({ auth, caProvider: { type: "ConfigMap", name: "ca", namespace: "foreign" } });
    const { connect, peer } = await setUp(
      t,
      {
        getSecret: ({ context, providerRef, compatibilityStore, remoteRef }) => {
          t.equal(providerRef ?? compatibilityStore, undefined);
          t.match(remoteRef, { key: "k", property: "p" });
          seen.push(context);
          return { value: bytes("v"), info };
        },
      },
      { store },
    );
    for (const client of [await connect(), await connect()]) {
      t.strictSame(Buffer.from(await client.getSecret({ key: "k", property: "p" }, never)), bytes("v"));
      await client.close();
    }
    t.match(seen[0], {
      store: {
        apiVersion: "external-secrets.io/v1",
        kind: "SecretStore",
        namespace: "team-a",
        name: "main",
        uid: "uid-1",
        generation: 3,
      },
      caller: { namespace: "team-a" },
    });
    t.strictSame(JSON.parse(Buffer.from(seen[0]?.spec ?? []).toString()), store.spec);
    const [token, account, ca] = seen[0]?.credentials ?? [];
    t.match(token, { path: "/provider/vault/auth/tokenSecretRef", kind: "Secret", namespace: "team-a", name: "creds" });
    t.equal(Buffer.from(token?.keys.get("token") ?? []).toString(), credential, "under the mark's default key");
    t.match(account?.token, {
      token: "jwt for vault",
      expiresAtUnixMs: 1_000,
      audiences: ["vault"],
      serviceAccountUid: "sa-uid",
    });
    t.match(ca, {
      path: "/provider/vault/caProvider",
      kind: "ConfigMap",
      error: { code: "InvalidConfig", message: /match the namespace/ },
    });
    t.equal(seen[0]?.digest.length, 32);
    t.strictSame(seen[1]?.digest, seen[0]?.digest, "what did not change keeps its digest");
    t.equal(peer.calls.get("describe"), 1, "one Describe a connection");
  },
);

t.test("what cannot be read travels as its error; only a cancel is thrown", async (t) => {
  const store = vaultStore({ auth: { tokenSecretRef: { name: "nope", key: "k" } } });
  let seen: ContextMessage | undefined;
  const { connect } = await setUp(
    t,
    { getSecret: ({ context }) => ((seen = context), { value: bytes(""), info }) },
    { store },
  );
  const client = await connect();
  t.strictSame(Buffer.from(await client.getSecret({ key: "k" }, never)), bytes(""));
  t.match(seen?.credentials, [{ error: { code: "InvalidConfig", message: 'cannot find secret data for key: "k"' } }]);
  t.match(await failure(connect(AbortSignal.abort())), { code: "Cancelled" });
});

t.test("Describe narrows what is read, and never widens it", async (t) => {
  const store = vaultStore({ auth: { tokenSecretRef: { name: "creds" }, other: { name: "creds" } } });
  let seen: ContextMessage | undefined;
  const { connect } = await setUp(
    t,
    {
      describe: describeVault([{ path: "/auth/other", kind: "Secret", defaultKey: "token" }]),
      getSecret: ({ context }) => ((seen = context), { value: bytes("v"), info }),
    },
    { store },
  );
  await (await connect()).getSecret({ key: "k" }, never);
  t.strictSame(seen?.credentials, []);
});

t.test("a peer without Describe reads for itself", async (t) => {
  const seen: { context: unknown; compatibilityStore: CompatibilityStore | undefined; sourceNamespace: string }[] = [];
  const store = vaultStore({ auth: { tokenSecretRef: { name: "creds" } } });
  const { connect, provider, peer } = await setUp(
    t,
    {
      getSecret: (request) => (seen.push(request), { value: bytes("v"), info: undefined }),
      validate: () => ({ valid: false, error: "no\u001b[2Jway", warnings: [], info: undefined }),
      capabilities: () => ({ capabilities: 2, info: undefined }),
    },
    { store: { ...store, ...named }, outboard: false },
  );
  const client = await connect();
  t.notOk("read" in client, "it has no Read");
  await client.getSecret({ key: "k" }, never);
  t.match(seen, [
    {
      context: undefined,
      sourceNamespace: "team-a",
      compatibilityStore: { storeName: "main", storeUid: "uid-1", storeGeneration: 3 },
    },
  ]);
  t.strictSame(JSON.parse(Buffer.from(seen[0]?.compatibilityStore?.storeSpecJson ?? []).toString()), store.spec);
  t.match(await failure(client.validate(never)), { code: "InvalidConfig", message: String.raw`no\x1b[2Jway` });
  t.match(await failure(client.secretExists({ remoteKey: "k", property: "" }, never)), { code: "Unsupported" });
  t.match(await provider.capabilities(never), ["get", "map", "find", "push", "delete", "exists"]);
  t.strictSame(await provider.validateStore(store, never), { warnings: [], errors: [] });
  t.equal(peer.calls.has("describe"), false);
});

const config = { ...vaultConfig, namespace: "backends", name: "kv" };
/** A peer that does not describe itself serves only what names it. */
const named = { route: { by: "address", address: "provider-vault.system.svc:8080" } } as const;
const ref = { kind: "ClusterProvider", namespace: "", name: "vault" };
const configured = { ...vaultStore({ auth: { tokenSecretRef: { name: "creds" } } }), ref, config };

t.test("a peer of the prototype is told which config object a store is from, and reads it itself", async (t) => {
  let seen: object = {};
  const { connect } = await setUp(
    t,
    { getSecret: (request) => ((seen = request), { value: bytes("v"), info: undefined }) },
    { store: { ...configured, ...named }, outboard: false },
  );
  await (await connect()).getSecret({ key: "k" }, never);
  t.match(seen, {
    providerRef: {
      apiVersion: "provider.external-secrets.io/v2alpha1",
      kind: "Vault",
      name: "kv",
      namespace: "backends",
      storeRefKind: "ClusterProvider",
    },
    sourceNamespace: "team-a",
    compatibilityStore: undefined,
    context: undefined,
  });
});

t.test("a peer of the prototype that was only discovered gets nothing", async (t) => {
  const { connect, peer } = await setUp(t, {}, { store: vaultStore(), outboard: false });
  t.match(await failure(connect()), {
    code: "PermissionDenied",
    reason: "ProviderNotApproved",
    message: /does not say what it serves, so it serves only what names it; name it by spec\.runtimeRef/,
  });
  t.strictSame(
    [...peer.calls.keys()].filter((call) => call !== "describe"),
    [],
  );
});

t.test("a store from a config object is served by who serves that kind in that version, not by its key", async (t) => {
  const reference = { path: "/auth/tokenSecretRef", kind: "Secret", defaultKey: "token" } as const;
  const { group, version, kind } = config;
  const vaultKind: ServedKind = { group, version, kind, operations: ["push"], references: [reference] };
  const describe = (...kinds: ServedKind[]) =>
    toDescribeResponse({ name: "v", version: "1", keys: [], kinds, trustBundleDigest: bytes(""), leafSerial: "" });
  const { provider } = await setUp(t, { describe: () => describe(vaultKind) }, { store: configured });
  t.strictSame(await provider.capabilities(never), ["push"]);

  const others: [string, Script["describe"]][] = [
    ["another group", () => describe({ ...vaultKind, group: "other.example.com" })],
    ["another version", () => describe({ ...vaultKind, version: "v1" })],
    ["another kind", () => describe({ ...vaultKind, kind: "Fake" })],
    ["only the key", describeVault()],
  ];
  for (const [name, other] of others) {
    const { connect } = await setUp(t, { ...(other && { describe: other }) }, { store: configured });
    t.match(
      await failure(connect()),
      { code: "InvalidConfig", message: /does not serve "Vault\.v2alpha1\.provider\.external-secrets\.io"/ },
      name,
    );
  }
  const inline = await setUp(t, { describe: () => describe(vaultKind) });
  t.match(await failure(inline.connect()), { code: "InvalidConfig", message: /does not serve "vault"/ });
});

t.test("only a Describe that is not known makes a peer one of the prototype's", async (t) => {
  const { connect, peer } = await setUp(t, {
    describe: () => {
      throw new ProviderError("Internal", "broken");
    },
  });
  t.match(await failure(connect()), { code: "Internal", message: "broken" });
  t.match(await failure(connect()), { code: "Internal" });
  t.equal(peer.calls.get("describe"), 2, "a Describe that failed is asked again");

  const missing = await setUp(t, {});
  const client = await missing.connect();
  t.match(await failure(client.getSecret({ key: "k" }, never)), { code: "Unsupported" });
  t.ok("read" in (await missing.connect()), "an unknown data call does not");

  const newer = await setUp(t, { describe: () => ({ ...describeVault()(), protocolMin: 2, protocolMax: 3 }) });
  t.match(await failure(newer.connect()), { code: "Unsupported", message: /revision 2 to 3 and core 1/ });
  const other = await setUp(t, { describe: () => ({ ...describeVault()(), keys: [] }) });
  t.match(await failure(other.connect()), { code: "InvalidConfig", message: /does not serve "vault"/ });
});
