import { replaced, stores, type GoodRow, type TableKind } from "./row.ts";
import { unbuiltStores } from "./unbuilt-stores.ts";
import { wholeFake, wholeRest, wholeStatus, wholeVault } from "./whole-store.ts";

const server = "http://vault:8200";
const version = { "/provider/vault/version": "v2" };

type Good = readonly [name: string, spec: object, defaults?: Readonly<Record<string, unknown>>];

const specs: readonly Good[] = [
  ["every field of vault", { provider: { vault: wholeVault }, ...wholeRest }],
  ["every field of fake", { provider: { fake: wholeFake }, ...wholeRest }],
  ["a fake with nothing", { provider: { fake: { data: [] } } }],
  ["a fake with an empty value", { provider: { fake: { data: [{ key: "", value: "" }] } } }],
  ["a vault's address", { provider: { vault: { server } } }, version],
  ["an empty auth", { provider: { vault: { server, auth: {} } } }, version],
  [
    "each way to log in with what it must have",
    {
      provider: {
        vault: {
          server,
          auth: {
            tokenSecretRef: {},
            appRole: { secretRef: {} },
            kubernetes: { role: "r" },
            jwt: {},
            ldap: { username: "u" },
            userPass: { username: "u" },
            cert: {},
            iam: { vaultRole: "r" },
            gcp: { role: "r" },
          },
        },
      },
    },
    {
      ...version,
      "/provider/vault/auth/appRole/path": "approle",
      "/provider/vault/auth/kubernetes/mountPath": "kubernetes",
      "/provider/vault/auth/jwt/path": "jwt",
      "/provider/vault/auth/ldap/path": "ldap",
      "/provider/vault/auth/userPass/path": "userpass",
      "/provider/vault/auth/cert/path": "cert",
      "/provider/vault/auth/gcp/path": "gcp",
    },
  ],
  ["a CA in a Secret", { provider: { vault: { server, caProvider: { type: "Secret", name: "ca" } } } }, version],
  ["a CA in the store", { provider: { vault: { server, caBundle: "YWJj" } } }, version],
  [
    "the largest lifetime",
    withLifetime(Number.MAX_SAFE_INTEGER),
    { ...version, "/provider/vault/auth/jwt/path": "jwt" },
  ],
  ["the smallest lifetime", withLifetime(-1), { ...version, "/provider/vault/auth/jwt/path": "jwt" }],
  ["an interval in seconds", { provider: { fake: wholeFake }, refreshInterval: 0 }],
  ["an interval as text", { provider: { fake: wholeFake }, refreshInterval: "5m" }],
  ["empty conditions", { provider: { fake: wholeFake }, conditions: [{}, { namespaces: [] }] }],
  [
    "a condition on the longest name",
    { provider: { fake: wholeFake }, conditions: [{ namespaces: ["a".repeat(63)] }] },
  ],
  ["a class that is empty", { provider: { fake: wholeFake }, controller: "" }],
  ["the most retries", { provider: { fake: wholeFake }, retrySettings: { maxRetries: 2 ** 31 - 1 } }],
  ...Object.entries(unbuiltStores).map(([key, store]): Good => [`a store of ${key}`, { provider: { [key]: store } }]),
  ["a key of another provider with nothing", { provider: { aws: {} } }],
];

function withLifetime(expirationSeconds: number): object {
  const kubernetesServiceAccountToken = { serviceAccountRef: { name: "robot" }, expirationSeconds };
  return { provider: { vault: { server, auth: { jwt: { kubernetesServiceAccountToken } } } } };
}

/** A class of either kind for a SecretStore, a ClusterProviderClass alone for a ClusterSecretStore. */
function runtimeRows(): readonly GoodRow[] {
  const spec = (runtimeRef: object) => ({ spec: { provider: { fake: wholeFake }, runtimeRef } });
  const row = (kind: TableKind, written: object, stored = written): GoodRow => ({
    name: `${kind}: a class named ${JSON.stringify(written)}`,
    kinds: [kind],
    written: spec(written),
    stored: spec(stored),
  });
  return [
    row("SecretStore", { name: "a" }, { name: "a", kind: "ProviderClass" }),
    row("SecretStore", { name: "a", kind: "ProviderClass" }),
    row("SecretStore", { name: "a", kind: "ClusterProviderClass" }),
    row("ClusterSecretStore", { name: "a" }, { name: "a", kind: "ClusterProviderClass" }),
  ];
}

/** SecretStores and ClusterSecretStores that ESO's API server accepts. */
export const goodStores: readonly GoodRow[] = [
  ...specs.map(([name, spec, defaults = {}]) => ({
    name,
    kinds: stores,
    written: { spec },
    stored: { spec: replaced(spec, defaults) },
  })),
  ...runtimeRows(),
  { name: "every field of a status", kinds: stores, written: { status: wholeStatus }, stored: { status: wholeStatus } },
  {
    name: "a condition of any type",
    kinds: stores,
    written: { status: { conditions: [{ type: "Other", status: "" }] } },
    stored: { status: { conditions: [{ type: "Other", status: "" }] } },
  },
];
