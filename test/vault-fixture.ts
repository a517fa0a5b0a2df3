import type { Test } from "tap";
import { ProviderError } from "../src/api/errors.ts";
import type { Context, SecretsClient, Store } from "../src/api/provider.ts";
import { inProcess } from "../src/host/in-process.ts";
import { spec } from "../src/providers/vault/spec.ts";
import { provider } from "../src/providers/vault/vault.ts";
import { startVault, type TestVault } from "./vault-server.ts";

/** The vault provider as a host gives it to its users. */
export const vault = inProcess({
  name: "vault",
  displayName: "HashiCorp Vault",
  version: "0",
  stores: [{ key: "vault", provider, spec }],
})("vault");

/** Never aborts. */
export const never: AbortSignal = new AbortController().signal;

/** A Vault with KV 2 at `secret/`, KV 1 at `kv1/` and AppRole, and stores for it. */
export interface VaultFixture {
  readonly server: TestVault;
  /** Spec of a store at `secret/` without authentication. */
  readonly base: Readonly<Record<string, unknown>>;
  /** The same with the root token. */
  readonly withToken: Readonly<Record<string, unknown>>;
  /** Values by `NAME/KEY` of the Secrets that stores may refer to; tests add theirs. */
  readonly secrets: Map<string, string>;
  /** A client for a store with this spec; closed at the end of the test. */
  open(value: object, kind?: string, namespace?: string): Promise<SecretsClient>;
}

/** See {@link VaultFixture}; it ends with `t`. */
export async function vaultFixture(t: Test, options: { readonly tls?: boolean } = {}): Promise<VaultFixture> {
  const server = await startVault(options);
  t.teardown(() => server.stop());
  await server.call("POST", "sys/mounts/kv1", { type: "kv", options: { version: "1" } });
  await server.call("POST", "sys/auth/approle", { type: "approle" });
  const ca = server.caPem === undefined ? {} : { caBundle: Buffer.from(server.caPem).toString("base64") };
  const base = { server: server.address, path: "secret", ...ca };
  const withToken = { ...base, auth: { tokenSecretRef: { name: "token", key: "token" } } };
  const secrets = new Map([
    ["token/token", `${server.token}\n`],
    ["ca/ca.crt", server.caPem ?? ""],
  ]);
  const open = async (value: object, kind = "SecretStore", namespace = "default") => {
    const client = await vault.newClient(storeOf(value, kind), contextOf(secrets, namespace), never);
    t.teardown(() => client.close());
    return client;
  };
  return { server, base, withToken, secrets, open };
}

/** Push, delete and exists by their names. */
export function writerOf(client: SecretsClient) {
  return {
    push: (remoteKey: string, property: string, value: string) => {
      const source = {
        data: new Map([["k", new TextEncoder().encode(value)]]),
        type: "Opaque",
        labels: {},
        annotations: {},
      };
      return client.pushSecret(source, { secretKey: "k", remoteKey, property }, never);
    },
    remove: (remoteKey: string, property: string) => client.deleteSecret({ remoteKey, property }, never),
    exists: (remoteKey: string, property: string) => client.secretExists({ remoteKey, property }, never),
  };
}

/** A value as text. */
export async function getText(client: SecretsClient, ref: Parameters<SecretsClient["getSecret"]>[0]): Promise<string> {
  return Buffer.from(await client.getSecret(ref, never)).toString();
}

/** A store with this spec under `vault`. */
export function storeOf(value: object, kind = "SecretStore"): Store {
  return {
    apiVersion: "external-secrets.io/v1",
    kind,
    namespace: kind === "SecretStore" ? "default" : "",
    name: "vault",
    uid: "uid",
    generation: 1,
    spec: { provider: { vault: JSON.parse(JSON.stringify(value)) } },
  };
}

/** Answers Secrets and ConfigMaps from values by `NAME/KEY`. */
export function contextOf(secrets: ReadonlyMap<string, string>, namespace = "default"): Context {
  const read = async ({ name, key }: { readonly name?: string; readonly key?: string }) => {
    const value = secrets.get(`${name}/${key}`);
    if (value === undefined) throw new ProviderError("InvalidConfig", `cannot get Kubernetes secret "${name}"`);
    return new TextEncoder().encode(value);
  };
  const token = async () => Promise.reject(new ProviderError("InvalidConfig", "no ServiceAccounts here"));
  return { namespace, ambient: false, secret: read, configMap: read, token };
}
