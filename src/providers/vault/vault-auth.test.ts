import { test, type Test } from "tap";
import { vaultMissing, type TestVault } from "../../../test/vault-server.ts";
import { connect } from "./connection.ts";
import { readSecret } from "./kv.ts";
import { loginOf } from "./logins.ts";
import { contextOf, getText, never, storeOf, vaultFixture, type VaultFixture } from "../../../test/vault-fixture.ts";

test("a store that names no token has the provider pod's own, where core lets it", async (t) => {
  const auth = { kubernetes: { mountPath: "kubernetes", role: " app " } };
  const logIn = async (ambient: boolean, podToken: () => Promise<string>) =>
    loginOf(auth, { credentials: { ...contextOf(new Map()), ambient }, podToken })?.(never);
  t.strictSame(await logIn(true, async () => "pod-token\n"), {
    path: "auth/kubernetes/login",
    body: '{"role":"app","jwt":"pod-token"}',
  });
  await t.rejects(
    logIn(false, async () => "pod-token"),
    { code: "InvalidConfig", message: /--ambient of core.*set auth/ },
  );
  await t.rejects(
    logIn(true, async () => Promise.reject(new Error("ENOENT"))),
    {
      code: "InvalidConfig",
      message: /the provider's pod has none; set auth\.kubernetes\.serviceAccountRef/,
    },
  );
});

test("a real Vault", { skip: vaultMissing() }, async (t) => {
  const fixture = await vaultFixture(t);
  await t.test("tokens", (t) => testTokens(t, fixture));
  await t.test("AppRole", (t) => testAppRole(t, fixture));
});

test("a real Vault over TLS", { skip: vaultMissing() }, async (t) => testTls(t, await vaultFixture(t, { tls: true })));

async function testTokens(t: Test, { server, open, base, withToken, secrets }: VaultFixture) {
  await server.call("PUT", "sys/policies/acl/reader", {
    policy: 'path "secret/data/allowed" { capabilities = ["read"] }',
  });
  await server.call("POST", "secret/data/allowed", { data: { a: "1" } });
  const { auth } = await server.call("POST", "auth/token/create", { policies: ["reader"] });
  secrets.set("limited/token", clientToken(auth));
  secrets.set("bad/token", "hunter2hunter2");
  const limited = await open({ ...base, auth: { tokenSecretRef: { name: "limited", key: "token" } } });
  t.equal(await getText(limited, { key: "allowed", property: "a" }), "1");
  await t.rejects(getText(limited, { key: "forbidden" }), {
    code: "PermissionDenied",
    message: "cannot read secret data from Vault: status 403: 1 error occurred: * permission denied",
  });
  await t.rejects(limited.getAllSecrets({ name: { regexp: "." } }, never), { code: "PermissionDenied" });
  const bad = await open({ ...base, auth: { tokenSecretRef: { name: "bad", key: "token" } } });
  await t.rejects(getText(bad, { key: "allowed" }), { code: "Unauthenticated", message: /^(?!.*hunter2)/ });
  await t.rejects(bad.validate(never), {
    code: "Unauthenticated",
    message: /^invalid vault credentials: (?!.*hunter2)/,
  });
  await limited.close();
  t.match(
    await server.call("POST", "auth/token/lookup", { token: secrets.get("limited/token") }),
    { data: {} },
    "a given token is not revoked",
  );
  await t.rejects(open({ ...base, auth: {} }), {
    code: "InvalidConfig",
    message: "cannot initialize Vault client: no valid auth method specified",
  });
  await t.rejects(open({ ...base, auth: { tokenSecretRef: { name: "none", key: "token" } } }), {
    code: "InvalidConfig",
  });
  const referent = await open(withToken, "ClusterSecretStore", "");
  t.equal(await referent.validate(never), "Unknown");
  const anonymous = await open(base);
  await t.rejects(getText(anonymous, { key: "allowed" }), { code: "Unauthenticated" });
}

async function testAppRole(t: Test, { server, open, base, secrets }: VaultFixture) {
  await server.call("PUT", "sys/policies/acl/all", { policy: 'path "secret/*" { capabilities = ["read", "list"] }' });
  await server.call("POST", "auth/approle/role/app", { token_policies: ["all"], token_ttl: "1h" });
  const roleId = String(Object(Object(await server.call("GET", "auth/approle/role/app/role-id")).data).role_id);
  const secretId = Object(Object(await server.call("POST", "auth/approle/role/app/secret-id")).data).secret_id;
  secrets.set("role/id", `${roleId}\n`);
  secrets.set("role/secret", String(secretId));
  secrets.set("role/wrong", "hunter2hunter2");
  const appRole = { secretRef: { name: "role", key: "secret" } };
  const logins = async () => Object.keys(await accessors(server)).length;
  const before = await logins();
  const client = await open({ ...base, auth: { appRole: { ...appRole, roleId } } });
  t.equal(await logins(), before, "nothing is sent before the first use");
  await Promise.all(Array.from({ length: 8 }, () => getText(client, { key: "allowed", property: "a" })));
  t.equal(await client.validate(never), "Ready");
  t.equal(await logins(), before + 1, "one login for all");
  await client.close();
  t.equal(await logins(), before, "the token of a login is revoked");
  await client.close();

  const byRef = await open({ ...base, auth: { appRole: { ...appRole, roleRef: { name: "role", key: "id" } } } });
  t.equal(await getText(byRef, { key: "allowed", property: "a" }), "1");
  await t.rejects(getText(byRef, { key: "../x" }), { code: "InvalidConfig" });
  const wrong = await open({ ...base, auth: { appRole: { roleId, secretRef: { name: "role", key: "wrong" } } } });
  await t.rejects(wrong.validate(never), {
    code: "Unauthenticated",
    message: /^cannot log in to Vault: status 400: (?!.*hunter2)/,
  });
  const elsewhere = await open({ ...base, auth: { appRole: { ...appRole, roleId, path: "nowhere" } } });
  await t.rejects(elsewhere.validate(never), { message: /^cannot log in to Vault: / });

  await t.test("the token is renewed by use, and replaced when Vault no longer knows it", async (t) => {
    let now = Date.now();
    const known = new Set(await accessors(server));
    const mine = async () => (await accessors(server)).filter((accessor) => !known.has(accessor));
    const request = {
      spec: { server: server.address, path: "secret", auth: { appRole: { ...appRole, roleId, path: "approle" } } },
      store: storeOf(base),
      retrySettings: undefined,
      credentials: contextOf(secrets),
    };
    const connection = await connect(request, never, () => now);
    const read = () => readSecret(connection, "allowed", undefined, never);
    t.ok(await read());
    const [accessor, ...more] = await mine();
    t.strictSame(more, []);
    const renewals = async () =>
      Object(Object(await server.call("POST", "auth/token/lookup-accessor", { accessor })).data).last_renewal;
    now += 29 * 60_000;
    t.ok(await read());
    t.equal(await renewals(), undefined, "before the half of its hour nothing is renewed");
    now += 2 * 60_000;
    t.ok(await read());
    t.not(await renewals(), undefined);
    t.strictSame(await mine(), [accessor]);
    await server.call("POST", "auth/token/revoke-accessor", { accessor });
    t.ok(await read());
    t.strictSame((await mine()).length, 1, "one new login");
    t.notSame(await mine(), [accessor]);
    await server.call("POST", "auth/token/revoke-accessor", { accessor: (await mine())[0] });
    await t.rejects(read(), { code: "PermissionDenied" }, "no second login within ten seconds");
    now += 11_000;
    t.ok(await read());
    await connection.close();
    t.strictSame(await mine(), []);
  });
}

async function testTls(t: Test, { open, base, withToken }: VaultFixture) {
  const good = await open(withToken);
  t.equal(await good.validate(never), "Ready");
  const auth = { tokenSecretRef: { name: "token", key: "token" } };
  const { server, path } = Object.assign({ server: "", path: "" }, base);
  const fromProvider = await open({ server, path, auth, caProvider: { type: "Secret", name: "ca", key: "ca.crt" } });
  t.equal(await fromProvider.validate(never), "Ready");
  const untrusted = await open({ server, path, auth });
  await t.rejects(untrusted.validate(never), {
    code: "InvalidConfig",
    message: /^localhost:\d+: its certificate is not trusted/,
  });
  await t.rejects(open({ ...withToken, caBundle: "aHVudGVyMg==" }), {
    code: "InvalidConfig",
    message: /^caBundle: holds no certificate/,
  });
}

async function accessors(server: TestVault): Promise<readonly unknown[]> {
  const { data } = await server.call("GET", "auth/token/accessors?list=true");
  return Object(data).keys;
}

function clientToken(auth: unknown): string {
  return String(Object(auth).client_token);
}
