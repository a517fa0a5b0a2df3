import { test, type Test } from "tap";
import type { Find } from "../../api/provider.ts";
import { referencesOf } from "../../api/references.ts";
import { vaultMissing } from "../../../test/vault-server.ts";
import { dataPath, metadataPath } from "./paths.ts";
import { spec } from "./spec.ts";
import { getText, never, storeOf, vault, vaultFixture, type VaultFixture } from "../../../test/vault-fixture.ts";

test("keys become paths as ESO makes them", async (t) => {
  for (const [path, version, key, data, metadata] of [
    ["secret", "v2", "foo", "secret/data/foo", "secret/metadata/foo"],
    ["secret/path", "v2", "foo", "secret/path/data/foo", "secret/path/metadata/foo"],
    ["secret/path", "v1", "foo", "secret/path/foo", "secret/path/foo"],
    ["secret/path", "v2", "secret/path/foo", "secret/path/data/foo", "secret/path/metadata/foo"],
    ["secret/path", "v2", "secret/path/data/foo", "secret/path/data/foo", "secret/path/metadata/foo"],
    ["secret/path", "v1", "secret/path/foo", "secret/path/foo", "secret/path/foo"],
    ["secret", "v2", "data/foo", "secret/data/data/foo", "secret/metadata/data/foo"],
    ["secret", "v2", "secrets/foo", "secret/data/secrets/foo", "secret/metadata/secrets/foo"],
    ["/secret/", "v2", "/foo//bar/", "secret/data/foo/bar", "secret/metadata/foo/bar"],
    [undefined, "v2", "secret/path/foo", "secret/data/path/foo", "secret/metadata/path/foo"],
    [undefined, "v2", "secret/path/data/foo", "secret/path/data/foo", "secret/path/metadata/foo"],
    [undefined, "v1", "secret/path/foo", "secret/path/foo", "secret/path/foo"],
    ["secret", undefined, "__proto__", "secret/data/__proto__", "secret/metadata/__proto__"],
  ] as const) {
    const location = { ...(path !== undefined && { path }), ...(version !== undefined && { version }) };
    t.equal(dataPath(location, key), data);
    t.equal(metadataPath(location, key), metadata);
  }
  for (const key of ["../../sys/seal", "a/./b", "..", "a\u0000b"]) {
    t.throws(() => dataPath({ path: "secret" }, key), { code: "InvalidConfig" }, key);
  }
});

test("the spec refers to Kubernetes where ESO's does, and what is not built is named", async (t) => {
  t.strictSame(
    referencesOf(spec)
      .map(({ path }) => path)
      .filter((path) => !/^\/auth\/(?:kubernetes|jwt|ldap|userPass|cert|iam|gcp)\//.test(path)),
    [
      "/auth/tokenSecretRef",
      "/auth/appRole/roleRef",
      "/auth/appRole/secretRef",
      "/caProvider",
      "/tls/certSecretRef",
      "/tls/keySecretRef",
    ],
  );
  const errors = async (value: object, kind = "SecretStore") =>
    (await vault.validateStore(storeOf({ server: "http://v", ...value }, kind), never)).errors;
  t.strictSame(await errors({ auth: { tokenSecretRef: { name: "s", key: "k" } } }), []);
  for (const [value, expected] of [
    [{ auth: { ldap: { username: "u" } } }, /"\/provider\/vault\/auth\/ldap" is not supported/],
    [{ auth: { cert: {} } }, /auth\/cert" is not supported/],
    [{ auth: { jwt: { role: "r" } } }, /neither `secretRef` nor `kubernetesServiceAccountToken` was supplied/],
    [{ readYourWrites: true }, /readYourWrites" is not supported/],
    [{ server: 5 }, /"\/provider\/vault\/server" must be of type string/],
    [{ version: "v3" }, /version" must be one of: v1, v2/],
    [{ auth: { appRole: { secretRef: { name: "s", key: "k" } } } }, /neither `roleId` nor `roleRef` was supplied/],
    [{ tls: { certSecretRef: { name: "s" } } }, /both ClientTLS.ClientCert and ClientTLS.SecretRef should be provided/],
    [{ version: "v1", checkAndSet: { required: true } }, /checkAndSet is not supported with Vault KV version v1/],
    [{ auth: { tokenSecretRef: { name: "s", namespace: "other" } } }, /namespace should either be empty or match/],
  ] as const) {
    t.match(await errors(value), [expected]);
  }
  t.match(await errors({ caProvider: { type: "Secret", name: "ca" } }, "ClusterSecretStore"), [
    /missing namespace on caProvider secret/,
  ]);
});

for (const tls of [false, true]) {
  test(`a real Vault${tls ? " over TLS" : ""}`, { skip: vaultMissing() }, async (t) => {
    const fixture = await vaultFixture(t, { tls });
    await t.test("KV 2", (t) => testKv2(t, fixture));
    await t.test("KV 1", (t) => testKv1(t, fixture));
    await t.test("find", (t) => testFind(t, fixture));
  });
}

async function testKv2(t: Test, { server, open, withToken }: VaultFixture) {
  await server.call("POST", "secret/data/app", { data: { old: "1" } });
  await server.call("POST", "secret/data/app", {
    data: {
      user: "tom",
      "a.b": "dotted",
      html: "<&>",
      count: 42,
      nested: { deep: ["x", { y: "z" }] },
      none: null,
      text: "č\n🔑\u0000",
    },
  });
  await server.call("POST", "secret/metadata/app", { custom_metadata: { team: "blue" } });
  const client = await open(withToken);
  t.strictSame(await vault.capabilities(never), ["get", "map", "find", "push", "delete", "exists"]);
  t.equal(await client.validate(never), "Ready");
  const get = (ref: object) => getText(client, { key: "app", ...ref });
  t.equal(
    await get({}),
    '{"a.b":"dotted","count":42,"html":"\\u003c\\u0026\\u003e","nested":{"deep":["x",{"y":"z"}]},"none":null,"text":"č\\n🔑\\u0000","user":"tom"}',
  );
  for (const [property, expected] of [
    ["user", "tom"],
    ["a.b", "dotted"],
    ["html", "<&>"],
    ["count", "42"],
    ["none", ""],
    ["text", "č\n🔑\u0000"],
    ["nested.deep.1.y", "z"],
    ["nested", '{"deep":["x",{"y":"z"}]}'],
  ] as const) {
    t.equal(await get({ property }), expected, property);
  }
  t.equal(await get({ version: "1", property: "old" }), "1");
  t.equal(await get({ key: "secret/app", property: "user" }), "tom");
  t.equal(await get({ key: "secret/data/app", property: "user" }), "tom");
  const map = await client.getSecretMap({ key: "app" }, never);
  t.strictSame([...map.keys()], ["a.b", "count", "html", "nested", "none", "text", "user"]);
  t.equal(Buffer.from(map.get("nested") ?? []).toString(), '{"deep":["x",{"y":"z"}]}');
  const nested = await client.getSecretMap({ key: "app", property: "nested.deep.1" }, never);
  t.strictSame([...nested], [["y", new TextEncoder().encode("z")]]);

  const metadata: unknown = JSON.parse(await get({ metadataPolicy: "Fetch" }));
  t.match(metadata, { team: "blue", current_version: "2", created_time: /^\d{4}-/, delete_version_after: "0s" });
  t.equal(await get({ metadataPolicy: "Fetch", property: "team" }), "blue");
  t.strictSame(
    [...(await client.getSecretMap({ key: "app", metadataPolicy: "Fetch", property: "@this" }, never)).keys()].sort(),
    ["created_time", "current_version", "delete_version_after", "team"],
  );
  await t.rejects(get({ key: "gone", metadataPolicy: "Fetch" }), { code: "NoSecret" });

  await t.rejects(get({ property: "absent" }), {
    code: "InvalidConfig",
    message: 'cannot find secret data for key: "absent"',
  });
  await t.rejects(get({ key: "gone" }), { code: "NoSecret", message: "Secret does not exist" });
  await t.rejects(get({ version: "9" }), { code: "NoSecret" });
  await t.rejects(get({ version: "one" }), { code: "InvalidConfig" });
  await t.rejects(get({ key: "../sys/health" }), { code: "InvalidConfig" });
  for (const key of ["__proto__", "%2e%2e%2f", "x".repeat(4096), "a?b=c#d", "čšž"]) {
    await t.rejects(get({ key }), { code: "NoSecret" }, key.slice(0, 20));
  }
  await server.call("DELETE", "secret/data/app");
  await t.rejects(get({}), { code: "NoSecret" }, "the newest version is deleted");
  t.equal(await get({ version: "1", property: "old" }), "1");
  await server.call("POST", "secret/destroy/app", { versions: [1, 2] });
  await t.rejects(get({ version: "1" }), { code: "NoSecret" }, "destroyed");
  const elsewhere = await open({ ...withToken, path: "nowhere" });
  await t.rejects(
    elsewhere.getSecret({ key: "app" }, never),
    { code: "InvalidConfig", message: /no handler for route/ },
    "not NoSecret: that may delete",
  );
  const odd = "odd name?#%/čšž";
  await server.call("POST", `secret/data/${odd.split("/").map(encodeURIComponent).join("/")}`, {
    data: { k: "found" },
  });
  t.equal(await get({ key: odd, property: "k" }), "found");
  const noPath = await open({ ...withToken, path: undefined });
  t.equal(await getText(noPath, { key: `secret/${odd}`, property: "k" }), "found");
}

async function testKv1(t: Test, { server, open, withToken }: VaultFixture) {
  await server.call("POST", "kv1/app", { user: "tom" });
  const raw = '{"big":12345678901234567890,"rate":1.50,"list":[12345678901234567890]}';
  await server.call("POST", "kv1/numbers", { filled: "below" });
  const client = await open({ ...withToken, path: "kv1", version: "v1" });
  t.equal(await client.validate(never), "Ready");
  t.equal(await getText(client, { key: "app" }), '{"user":"tom"}');
  t.equal(await getText(client, { key: "kv1/app", property: "user" }), "tom");
  await t.rejects(getText(client, { key: "gone" }), { code: "NoSecret" });
  await t.rejects(getText(client, { key: "app", metadataPolicy: "Fetch" }), {
    code: "Unsupported",
    message: "cannot perform metadata fetch operations with kv version v1",
  });
  const write = { data: new Map([["k", new TextEncoder().encode(raw)]]), type: "Opaque", labels: {}, annotations: {} };
  await client.pushSecret(write, { secretKey: "k", remoteKey: "digits", property: "" }, never);
  t.equal(await getText(client, { key: "digits", property: "big" }), "12345678901234567890");
  t.equal(await getText(client, { key: "digits", property: "rate" }), "1.50");
  t.equal(await getText(client, { key: "digits", property: "list.0" }), "12345678901234567890");
  const map = await client.getSecretMap({ key: "digits" }, never);
  t.equal(Buffer.from(map.get("big") ?? []).toString(), "12345678901234567890");
  const asKv1 = await open({ ...withToken, version: "v1" });
  await t.rejects(getText(asKv1, { key: "anything" }), {
    code: "InvalidConfig",
    message: /Invalid path for a versioned K\/V secrets engine/,
  });
}

async function testFind(t: Test, { server, open, withToken }: VaultFixture) {
  for (const [key, team] of [
    ["find/one", "blue"],
    ["find/two", "red"],
    ["find/deep/er/three", "blue"],
    ["found", "blue"],
  ] as const) {
    await server.call("POST", `secret/data/${key}`, { data: { name: key } });
    await server.call("POST", `secret/metadata/${key}`, { custom_metadata: { team, env: "test" } });
    await server.call("POST", `kv1/${key}`, { name: key });
  }
  await server.call("POST", "secret/data/find/deleted", { data: { a: 1 } });
  await server.call("DELETE", "secret/data/find/deleted");
  const client = await open(withToken);
  const names = async (find: Find, from = client) => [...(await from.getAllSecrets(find, never)).keys()];
  t.strictSame(await names({ path: "find" }), ["find/deep/er/three", "find/one", "find/two"]);
  t.strictSame(await names({ path: "find/", name: { regexp: "three|one" } }), ["find/deep/er/three", "find/one"]);
  t.strictSame(await names({ name: { regexp: "^f.*(?:one|ound)$" } }), ["find/one", "found"]);
  t.strictSame(await names({ tags: { team: "blue", env: "test" } }), ["find/deep/er/three", "find/one", "found"]);
  t.strictSame(await names({ path: "find", tags: { team: "red" } }), ["find/two"]);
  t.strictSame(
    await names({ path: "find", tags: { team: "red" }, name: { regexp: "one" } }),
    ["find/one"],
    "a name rules tags out",
  );
  t.strictSame(await names({ path: "secret/find", name: { regexp: "two" } }), ["secret/find/two"]);
  const values = await client.getAllSecrets({ name: { regexp: "^found$" } }, never);
  t.equal(Buffer.from(values.get("found") ?? []).toString(), '{"name":"found"}');
  await t.rejects(names({ path: "nowhere" }), { code: "NoSecret" });
  await t.rejects(names({ name: { regexp: "(" } }), { code: "InvalidConfig" });
  const one = await open({ ...withToken, path: "kv1", version: "v1" });
  t.strictSame(await names({ path: "find" }, one), ["find/deep/er/three", "find/one", "find/two"]);
  await t.rejects(names({ tags: { team: "blue" } }, one), {
    message: "cannot perform find by tag operations with kv version v1",
  });
  const noPath = await open({ ...withToken, path: undefined });
  t.strictSame(await names({ path: "secret/find", name: { regexp: "two" } }, noPath), ["secret/find/two"]);
  await t.rejects(names({}, noPath), { code: "InvalidConfig", message: /name the mount/ });
}
