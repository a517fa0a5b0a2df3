import { createPublicKey } from "node:crypto";
import { test } from "tap";
import type { SecretsClient } from "../src/api/provider.ts";
import { isObject } from "../src/api/structural.ts";
import { createCredentials } from "../src/core/credentials/credentials.ts";
import { defaultPolicy, type CredentialPolicy } from "../src/core/credentials/policy.ts";
import { apiServerMissing, startApiServer, type ApiServer } from "./api-server.ts";
import { coreStore } from "./core-store.ts";
import { kubernetesCluster } from "./kubernetes-world.ts";
import { getText, never, storeOf, vault } from "./vault-fixture.ts";
import { mountKubernetesAuth } from "./vault-kubernetes-auth.ts";
import { startVault, vaultMissing, type TestVault } from "./vault-server.ts";

const skip = vaultMissing() || apiServerMissing();

test("Vault's Kubernetes and JWT methods take what the API server issues", { skip }, async (t) => {
  const api = await startApiServer({ audit: true });
  t.teardown(() => api.stop());
  const server = await startVault();
  t.teardown(() => server.stop());
  for (const name of ["app", "stranger"]) await api.serviceAccount("default", name);
  await api.request("POST", "/api/v1/namespaces/default/secrets", {
    metadata: { name: "tokens" },
    stringData: { token: await tokenOf(api, "app"), vault: await tokenOf(api, "app", ["vault"]), bad: "a.b.c" },
  });
  await configure(server, api);
  const cluster = await kubernetesCluster(api.adminKubeconfig, { kinds: [] });
  t.teardown(() => cluster.stop());
  await cluster.synced;

  const open = async (auth: object, policy: Partial<CredentialPolicy> = {}): Promise<SecretsClient> => {
    const store = storeOf({ server: server.address, path: "secret", auth });
    const credentials = createCredentials({
      cluster,
      policy: { ...defaultPolicy, ...policy },
      ofAdministrator: () => false,
      now: Date.now,
    });
    const client = await vault.newClient(store, credentials.context(coreStore(store), "default"), never);
    t.teardown(() => client.close());
    return client;
  };
  const read = async (client: SecretsClient) => getText(client, { key: "app", property: "a" });
  const kubernetes = (more: object) => ({ kubernetes: { mountPath: "kubernetes", role: "app", ...more } });
  const jwt = (more: object) => ({ jwt: { path: "jwt", role: "app", ...more } });
  const tokenRequests = () => api.auditLines().filter(({ objectRef }) => objectRef?.subresource === "token");
  const app = { name: "app" };

  await t.test("each way to name the token", async (t) => {
    for (const [what, auth] of [
      ["a ServiceAccount", kubernetes({ serviceAccountRef: app })],
      [
        "with audiences that the role wants",
        kubernetes({ role: "audience", serviceAccountRef: { ...app, audiences: ["vault"] } }),
      ],
      ["a Secret", kubernetes({ secretRef: { name: "tokens" } })],
      ["the method at another mount", kubernetes({ mountPath: "nested/k8s", serviceAccountRef: app })],
      ["a JWT of a ServiceAccount", jwt({ kubernetesServiceAccountToken: { serviceAccountRef: app } })],
      [
        "with audiences beside it",
        jwt({ role: "other", kubernetesServiceAccountToken: { serviceAccountRef: app, audiences: ["other"] } }),
      ],
      [
        "with audiences of its own, beside vault",
        jwt({
          kubernetesServiceAccountToken: { serviceAccountRef: { ...app, audiences: ["mine"] }, expirationSeconds: 60 },
        }),
      ],
      ["a JWT in a Secret", jwt({ secretRef: { name: "tokens", key: "vault" } })],
    ] as const) {
      const client = await open(auth);
      t.equal(await client.validate(never), "Ready", what);
      t.equal(await read(client), "1", what);
    }
  });

  await t.test("who may not log in is told so, without a word of the token", async (t) => {
    for (const [what, auth] of [
      ["another account", kubernetes({ serviceAccountRef: { name: "stranger" } })],
      ["a token for the API server where vault is wanted", kubernetes({ role: "audience", serviceAccountRef: app })],
      ["no token", kubernetes({ secretRef: { name: "tokens", key: "bad" } })],
      ["no such role", kubernetes({ role: "none", serviceAccountRef: app })],
      ["a JWT for somebody else", jwt({ secretRef: { name: "tokens", key: "token" } })],
    ] as const) {
      const client = await open(auth);
      await t.rejects(
        client.validate(never),
        { code: "Unauthenticated", message: /^cannot log in to Vault: status 40[03]: (?!.*a\.b\.c)/ },
        what,
      );
    }
    await t.rejects(open(kubernetes({ serviceAccountRef: { name: "none" } })), {
      code: "InvalidConfig",
      message: /cannot get a token of Kubernetes service account "none" in namespace "default"/,
    });
    await t.rejects(open(jwt({})), { code: "InvalidConfig", message: /neither `secretRef` nor/ });
    await t.rejects(open(kubernetes({})), { code: "InvalidConfig", message: /--ambient/ });
  });

  await t.test("tokens that open the Kubernetes API can be kept from providers", async (t) => {
    const deny = { apiServerTokens: "Deny" } as const;
    await t.rejects(open(kubernetes({ serviceAccountRef: app }), deny), { code: "PermissionDenied", message: /=Deny/ });
    const safe = kubernetes({ role: "audience", serviceAccountRef: { ...app, audiences: ["vault"] } });
    t.equal(await read(await open(safe, deny)), "1");
    const issuer = kubernetes({ serviceAccountRef: { ...app, audiences: ["https://localhost"] } });
    await t.rejects(open(issuer), { code: "PermissionDenied", message: /the Kubernetes API's own/ });
  });

  await t.test("a token is asked for once and kept", async (t) => {
    const store = storeOf({ server: server.address, path: "secret", auth: kubernetes({ serviceAccountRef: app }) });
    const credentials = createCredentials({
      cluster,
      policy: defaultPolicy,
      ofAdministrator: () => false,
      now: Date.now,
    });
    const before = tokenRequests().length;
    for (let time = 0; time < 3; time++) {
      const client = await vault.newClient(store, credentials.context(coreStore(store), "default"), never);
      t.equal(await read(client), "1");
      await client.close();
    }
    t.equal(tokenRequests().length, before + 1);
  });
});

async function tokenOf(api: ApiServer, name: string, audiences: readonly string[] = []): Promise<string> {
  const path = `/api/v1/namespaces/default/serviceaccounts/${name}/token`;
  const { body } = await api.request("POST", path, { spec: audiences.length > 0 ? { audiences } : {} });
  const status = isObject(body) && isObject(body["status"]) ? body["status"] : {};
  return String(status["token"]);
}

/** Mounts the methods, and roles that take ServiceAccount `app` of namespace `default`. */
async function configure(server: TestVault, api: ApiServer): Promise<void> {
  await server.call("POST", "secret/data/app", { data: { a: "1" } });
  await server.call("PUT", "sys/policies/acl/all", { policy: 'path "secret/*" { capabilities = ["read"] }' });
  const role = {
    bound_service_account_names: "app",
    bound_service_account_namespaces: "default",
    token_policies: ["all"],
  };
  for (const mount of ["kubernetes", "nested/k8s"]) {
    await mountKubernetesAuth({ server, api, mount, roles: { app: role, audience: { ...role, audience: "vault" } } });
  }
  await server.call("POST", "sys/auth/jwt", { type: "jwt" });
  const { body } = await api.request("GET", "/openid/v1/jwks");
  const keys = isObject(body) && Array.isArray(body["keys"]) ? body["keys"] : [];
  const pems = keys.map((key) => createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" }));
  await server.call("POST", "auth/jwt/config", { jwt_validation_pubkeys: pems });
  for (const [role, audience] of [
    ["app", "vault"],
    ["other", "other"],
  ]) {
    await server.call("POST", `auth/jwt/role/${role}`, {
      role_type: "jwt",
      user_claim: "sub",
      bound_subject: "system:serviceaccount:default:app",
      bound_audiences: [audience],
      token_policies: ["all"],
    });
  }
}
