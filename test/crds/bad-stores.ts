import { fieldPath } from "../../src/local/cluster/problem.ts";
import { replaced, stores, type BadRow } from "./row.ts";
import { unbuiltStores } from "./unbuilt-stores.ts";
import { secretRefs, serviceAccountRefs, wholeFake, wholeRest, wholeStatus, wholeVault } from "./whole-store.ts";
import { wrongTypes } from "./wrong-types.ts";

const server = "http://vault:8200";
const vault = (rest: object) => ({ provider: { vault: { server, ...rest } } });
const fake = (rest: object) => ({ provider: { fake: wholeFake }, ...rest });

type Bad = readonly [name: string, written: unknown, ...breaks: string[]];

const specs: readonly Bad[] = [
  ["no provider", {}, "spec.provider rule"],
  ["null for a provider", { provider: null }, "spec.provider rule"],
  ["an empty provider", { provider: {} }, "spec.provider minProperties"],
  ["two providers", { provider: { fake: { data: [] }, aws: {} } }, "spec.provider maxProperties"],
  ["two providers that are not built", { provider: { aws: {}, gcpsm: {} } }, "spec.provider maxProperties"],
  ["a provider that nobody knows", { provider: { vualt: {} } }, "spec.provider.vualt unknown"],
  ...Object.keys(unbuiltStores).map((key): Bad => [
    `a store of ${key} that is text`,
    { provider: { [key]: "text" } },
    `spec.provider.${key} type`,
  ]),
  ["an unknown field", fake({ class: "x" }), "spec.class unknown"],
  ["a fake without data", { provider: { fake: {} } }, "spec.provider.fake.data required"],
  [
    "fake data without key and value",
    { provider: { fake: { data: [{}] } } },
    "spec.provider.fake.data[0].key required",
    "spec.provider.fake.data[0].value required",
  ],
  [
    "a fake's old valueMap",
    { provider: { fake: { data: [{ key: "a", value: "b", valueMap: {} }] } } },
    "spec.provider.fake.data[0].valueMap unknown",
  ],
  ["a vault without an address", { provider: { vault: {} } }, "spec.provider.vault.server required"],
  ["a version of KV that there is not", vault({ version: "v3" }), "spec.provider.vault.version enum"],
  ["an empty version of KV", vault({ version: "" }), "spec.provider.vault.version enum"],
  ["a CA that is empty", vault({ caBundle: "" }), "spec.provider.vault.caBundle format"],
  ["a CA that is no Base64", vault({ caBundle: "-----BEGIN" }), "spec.provider.vault.caBundle format"],
  [
    "a CA of nowhere",
    vault({ caProvider: {} }),
    "spec.provider.vault.caProvider.type required",
    "spec.provider.vault.caProvider.name required",
  ],
  [
    "a CA in another kind",
    vault({ caProvider: { type: "Bundle", name: "a" } }),
    "spec.provider.vault.caProvider.type enum",
  ],
  [
    "ways to log in without what they must have",
    vault({
      auth: {
        appRole: {},
        kubernetes: {},
        jwt: { kubernetesServiceAccountToken: {} },
        ldap: {},
        userPass: {},
        iam: {},
        gcp: { workloadIdentity: {} },
      },
    }),
    ...[
      "appRole.secretRef",
      "kubernetes.role",
      "jwt.kubernetesServiceAccountToken.serviceAccountRef",
      "ldap.username",
      "userPass.username",
      "iam.vaultRole",
      "gcp.role",
      "gcp.workloadIdentity.serviceAccountRef",
    ].map((field) => `spec.provider.vault.auth.${field} required`),
  ],
  ["an unknown way to log in", vault({ auth: { azure: {} } }), "spec.provider.vault.auth.azure unknown"],
  ["a lifetime beyond 64 bits", withLifetime(1e19), `${lifetime()} format`],
  ["a lifetime that is no whole number", withLifetime(600.5), `${lifetime()} type`],
  ["an interval that is a fraction", fake({ refreshInterval: 1.5 }), "spec.refreshInterval type"],
  ["retries beyond 32 bits", fake({ retrySettings: { maxRetries: 2 ** 31 } }), "spec.retrySettings.maxRetries format"],
  [
    "a label rule without its fields",
    fake({ conditions: [{ namespaceSelector: { matchExpressions: [{}] } }] }),
    "spec.conditions[0].namespaceSelector.matchExpressions[0].key required",
    "spec.conditions[0].namespaceSelector.matchExpressions[0].operator required",
  ],
  [
    "namespaces that cannot be",
    fake({ conditions: [{ namespaces: ["", "a".repeat(64), "a.b"] }] }),
    "spec.conditions[0].namespaces[0] minLength",
    "spec.conditions[0].namespaces[1] maxLength",
    "spec.conditions[0].namespaces[2] pattern",
  ],
  ["null where conditions have an item", fake({ conditions: [null] }), "spec.conditions[0] type"],
  ["a class of no name", fake({ runtimeRef: {} }), "spec.runtimeRef.name required"],
  ["a class of no kind", fake({ runtimeRef: { name: "a", kind: "Class" } }), "spec.runtimeRef.kind enum"],
  ["a class with an empty name", fake({ runtimeRef: { name: "" } }), "spec.runtimeRef.name minLength"],
  ["a class with a long name", fake({ runtimeRef: { name: "a".repeat(254) } }), "spec.runtimeRef.name maxLength"],
  ["a class with a name in upper case", fake({ runtimeRef: { name: "A" } }), "spec.runtimeRef.name pattern"],
  ...referenceRows(),
];

const statuses: readonly Bad[] = [
  [
    "a condition without its fields",
    { conditions: [{}] },
    "status.conditions[0].type required",
    "status.conditions[0].status required",
  ],
  [
    "a time that is none",
    { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "yesterday" }] },
    "status.conditions[0].lastTransitionTime format",
  ],
];

/** SecretStores and ClusterSecretStores that ESO's API server rejects. */
export const badStores: readonly BadRow[] = [
  ...specs.map(([name, spec, ...breaks]) => ({ name, kinds: stores, written: { spec }, breaks })),
  ...statuses.map(([name, status, ...breaks]) => ({ name, kinds: stores, written: { status }, breaks })),
  {
    name: "a class of one namespace for a ClusterSecretStore",
    kinds: ["ClusterSecretStore"],
    written: { spec: fake({ runtimeRef: { name: "a", kind: "ProviderClass" } }) },
    breaks: ["spec.runtimeRef.kind enum"],
  },
  ...wrongTypes(stores, "spec", { provider: { vault: wholeVault }, ...wholeRest }),
  ...wrongTypes(stores, "spec", { provider: { fake: wholeFake } }),
  ...wrongTypes(stores, "status", wholeStatus),
];

/** What may be wrong with a reference, at every place of vault that has one. */
function referenceRows(): readonly Bad[] {
  const named = [...secretRefs, ...serviceAccountRefs, "/caProvider"];
  const keyed = [...secretRefs, "/caProvider"];
  const long = "a".repeat(254);
  return [
    referenceRow("an empty name", named, "name", "", "minLength"),
    referenceRow("a name that is too long", named, "name", long, "maxLength"),
    referenceRow("a name in upper case", named, "name", "Robot", "pattern"),
    referenceRow("an empty namespace", named, "namespace", "", "minLength"),
    referenceRow("a namespace that is too long", named, "namespace", "a".repeat(64), "maxLength"),
    referenceRow("a namespace with a dot", named, "namespace", "a.b", "pattern"),
    referenceRow("an empty key", keyed, "key", "", "minLength"),
    referenceRow("a key that is too long", keyed, "key", long, "maxLength"),
    referenceRow("a key with a slash", keyed, "key", "a/b", "pattern"),
    referenceRow("no name of a ServiceAccount", serviceAccountRefs, "name", undefined, "required"),
  ];
}

// oxlint-disable-next-line max-params -- a row of the table above
function referenceRow(name: string, places: readonly string[], field: string, value: unknown, keyword: string): Bad {
  const pointers = places.map((place) => `/provider/vault${place}/${field}`);
  const spec = replaced(
    { provider: { vault: wholeVault } },
    Object.fromEntries(pointers.map((pointer) => [pointer, value])),
  );
  return [`references: ${name}`, spec, ...pointers.map((pointer) => `spec.${fieldPath(pointer)} ${keyword}`)];
}

function withLifetime(expirationSeconds: number): object {
  return vault({
    auth: { jwt: { kubernetesServiceAccountToken: { serviceAccountRef: { name: "robot" }, expirationSeconds } } },
  });
}

function lifetime(): string {
  return "spec.provider.vault.auth.jwt.kubernetesServiceAccountToken.expirationSeconds";
}
