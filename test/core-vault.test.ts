import { join } from "node:path";
import { test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { startBundledProvider, type BundledProvider } from "./bundled-provider.ts";
import { becomes, requests, tools } from "./core-observation.ts";
import { classOf, install, quickLease, readyOf, startCoreProcess, systemNamespace } from "./core-process.ts";
import { plantSecret, searchForPlanted, until } from "./e2e/outboard.ts";
import { dist, root } from "./test-bundles.ts";
import { mountKubernetesAuth, reviewerName } from "./vault-kubernetes-auth.ts";
import { startVault, vaultMissing } from "./vault-server.ts";

// Who puts ClusterRoles together.
const parts = { controllerManager: true } as const;

test(
  "manifests written for ESO, a real API server and a real Vault",
  {
    skip: vaultMissing() || apiServerMissing(parts),
  },
  async (t) => {
    const world = await install("base", [], "vault", parts);
    t.teardown(() => world.stop());
    const vault = await startVault({ tls: true });
    t.teardown(() => vault.stop());
    const { api } = world;
    const { kubectl } = api;
    const { namespace, ready, condition, password, end } = tools(world);
    await world.applyCrds();
    await world.apply("default", classOf("vault"));
    await vault.call("PUT", "sys/policies/acl/read", { policy: 'path "secret/*" { capabilities = ["read", "list"] }' });
    const [first, second, stranger] = [await namespace(), await namespace(), await namespace()];
    await mountKubernetesAuth({
      server: vault,
      api,
      mount: "kubernetes",
      roles: {
        app: {
          bound_service_account_names: "app",
          bound_service_account_namespaces: `${first},${second}`,
          token_policies: ["read"],
        },
      },
    });
    const setValue = async (value = plantSecret()) => {
      await vault.call("POST", "secret/data/app", { data: { password: value } });
      return value;
    };
    const kubernetes = { mountPath: "kubernetes", role: "app", serviceAccountRef: { name: "app" } };
    const store = (auth: object, more: object = {}) => ({
      apiVersion: "external-secrets.io/v1",
      kind: "SecretStore",
      metadata: { name: "vault" },
      spec: {
        runtimeRef: { kind: "ClusterProviderClass", name: "vault" },
        provider: {
          vault: {
            server: vault.address,
            path: "secret",
            version: "v2",
            caProvider: { type: "ConfigMap", name: "vault-ca", key: "ca.crt", ...more },
            auth,
          },
        },
      },
    });
    const externalSecret = (kind: string) => ({
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "app" },
      spec: {
        refreshInterval: "1s",
        secretStoreRef: { kind, name: "vault" },
        target: { name: "app", creationPolicy: "Owner" },
        data: [{ secretKey: "password", remoteRef: { key: "app", property: "password" } }],
      },
    });
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app" } };
    const ca = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "vault-ca" }, data: { "ca.crt": vault.caPem } };
    const refreshTime = async (space: string) => {
      const { status } = (await world.get(space, "externalsecret/app")) ?? {};
      return Date.parse(String(status?.["refreshTime"]));
    };
    /** Waits until so many refreshes have happened. */
    const refreshes = async (space: string, count: number) => {
      for (let time = 0; time < count; time += 1) {
        const before = await refreshTime(space);
        await until(
          async () => (await refreshTime(space)) > before,
          () => `${space} is not refreshed`,
        );
      }
    };
    let core = await startCoreProcess(t, world, quickLease);

    await t.test("a store that logs in with a ServiceAccount's token, its CA in a ConfigMap", async (t) => {
      const value = await setValue();
      await world.apply(first, account, ca, store({ kubernetes }), externalSecret("SecretStore"));
      await ready(first, "externalsecret/app", { status: "True", message: "secret synced" });
      t.equal(await password(first), value);
      const reviews = api.auditLines().filter(({ user }) => user.username === reviewerName);
      t.ok(
        reviews.some(({ objectRef }) => objectRef?.resource === "tokenreviews"),
        "the API server said whose the token is",
      );
    });

    await t.test("kubectl shows ESO's columns with ESO's values", async (t) => {
      const shown = async (resource: string) => {
        const lines = (await kubectl(["-n", first, "get", resource])).trimEnd().split("\n");
        return lines.map((line) => line.split(/ {2,}/));
      };
      const age = /^(\d+m)?\d+s$/;
      const both = await shown("externalsecret,secretstore");
      t.match(both, [
        ["NAME", "STORETYPE", "STORE", "REFRESH INTERVAL", "STATUS", "READY", "LAST SYNC"],
        ["externalsecret.external-secrets.io/app", "SecretStore", "vault", "1s", "SecretSynced", "True", age],
        [""],
        ["NAME", "AGE", "STATUS", "CAPABILITIES", "READY"],
        ["secretstore.external-secrets.io/vault", age, "Valid", "ReadWrite", "True"],
      ]);
      t.strictSame(
        both.map((cells) => cells.length),
        [7, 7, 1, 5, 5],
        "and no more",
      );
      t.equal((await shown("es"))[1]?.[0], "app", "the short names too");
      t.equal((await shown("ss"))[1]?.[0], "vault");
    });

    await t.test("a value that changes in Vault arrives with the next refresh", async () => {
      const value = await setValue();
      await becomes("the Secret", () => password(first), value);
    });

    let restarted: BundledProvider | undefined;
    t.teardown(() => restarted?.stop());
    await t.test("a provider that is killed and comes back", async (t) => {
      const before = await password(first);
      world.provider.process.kill("SIGKILL");
      await ready(first, "externalsecret/app", { status: "False" });
      t.equal(await password(first), before, "what was synced stays");
      const value = await setValue();
      restarted = await startBundledProvider(dist, "vault", world.provider.keys, world.provider.port);
      await becomes("the Secret", () => password(first), value);
      await ready(first, "externalsecret/app", { status: "True", message: "secret synced" });
      await ready(first, "secretstore/vault", { status: "True" });
    });

    await t.test("core that is killed, and the next one", async (t) => {
      const uid = (await world.get(first, "secret/app"))?.metadata.uid;
      core.process.kill("SIGKILL");
      await core.exited;
      const value = await setValue();
      core = await startCoreProcess(t, world, quickLease);
      await becomes("the Secret", () => password(first), value);
      await ready(first, "externalsecret/app", { status: "True" });
      t.equal((await world.get(first, "secret/app"))?.metadata.uid, uid, "it is the same Secret");
      await end(t, core);
    });

    core = await startCoreProcess(t, world, quickLease);
    const newToken = async () => {
      const { auth } = await vault.call("POST", "auth/token/create", { policies: ["read"], ttl: "1h" });
      return (auth as { readonly client_token: string }).client_token;
    };
    const tokenSecret = (token: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "vault-token" },
      stringData: { token },
    });

    await t.test(
      "an unchanged refresh costs one write and no read; a rotated Secret is used at the next",
      async (t) => {
        const space = await namespace();
        const old = await newToken();
        let value = await setValue();
        const auth = { tokenSecretRef: { name: "vault-token", key: "token" } };
        await world.apply(space, tokenSecret(old), ca, store(auth), externalSecret("SecretStore"));
        await ready(space, "externalsecret/app", { status: "True" });
        t.equal(await password(space), value);
        const asked = () => requests(world).flatMap((each) => (each.namespace === space ? [each.right] : []));
        const reads = () => asked().filter((right) => right === "get /secrets").length;
        t.equal(reads(), 1, "the token was read once");

        await refreshes(space, 1);
        const before = asked().length;
        await refreshes(space, 3);
        const meanwhile = new Set(asked().slice(before));
        t.strictSame([...meanwhile], ["update external-secrets.io/externalsecrets/status"]);

        await world.apply(space, tokenSecret(await newToken()));
        await vault.call("POST", "auth/token/revoke", { token: old });
        value = await setValue();
        await becomes("the Secret", () => password(space), value);
        await ready(space, "externalsecret/app", { status: "True" });
        await ready(space, "secretstore/vault", { status: "True" });
        const after = reads();
        t.ok(after > 1, "the token was read again");
        await refreshes(space, 2);
        t.equal(reads(), after, "and then no more");
        await kubectl(["-n", space, "delete", "externalsecret", "app"]);
      },
    );

    await t.test("a ClusterSecretStore with the ServiceAccount of whoever uses it", async (t) => {
      const referent = { ...store({ kubernetes }, { namespace: "default" }), kind: "ClusterSecretStore" };
      await world.apply("default", ca, referent);
      await ready("default", "clustersecretstore/vault", { status: "True" });
      const value = await setValue();
      for (const space of [second, stranger]) await world.apply(space, account, externalSecret("ClusterSecretStore"));
      await ready(second, "externalsecret/app", { status: "True" });
      t.equal(await password(second), value);
      await ready(stranger, "externalsecret/app", { status: "False" });
      t.equal(await password(stranger), undefined, "its ServiceAccount is not the role's");
      const tokens = requests(world).filter(({ right }) => right === "create /serviceaccounts/token");
      t.same(new Set(tokens.map((each) => each.namespace)), new Set([first, second, stranger]));
    });

    await t.test("the provider's account may read no Secret", async (t) => {
      await kubectl(["apply", "-k", join(root, "deploy", "kustomize", "providers", "vault")]);
      const { kubeconfig } = await api.serviceAccount(systemNamespace, "provider-vault");
      const may = (config: string) => kubectl(["auth", "can-i", "get", "secrets", "-A", "--kubeconfig", config]);
      await t.rejects(may(kubeconfig), { message: /: no$/ });
      t.match(await may(world.kubeconfig), "yes", "core's may");
      await t.rejects(kubectl(["get", "secrets", "-A", "--kubeconfig", kubeconfig]), { message: /Forbidden/i });
    });

    t.match(await condition(first, "externalsecret/app"), { status: "True" });
    t.match(readyOf(await world.get("default", "clusterproviderclass/vault")), { status: "True" });
    const denied = requests(world).filter(({ isDenied }) => isDenied);
    t.strictSame(denied, [], "no right was missing");
    await end(t, core);
    for (const provider of [world.provider, restarted]) searchForPlanted(t, provider?.log() ?? "");
  },
);
