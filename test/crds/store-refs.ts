import { externalSecrets, type BadRow, type GoodRow } from "./row.ts";
import { wrongTypes } from "./wrong-types.ts";

const refreshed = { refreshInterval: "1h0m0s", target: { creationPolicy: "Owner", deletionPolicy: "Retain" } };
const config = "provider.external-secrets.io/v2alpha1";

/** An ExternalSecret with one reference at each place that has them. */
function everywhere(ref: object) {
  const sourceRef = { storeRef: ref };
  return {
    secretStoreRef: ref,
    data: [{ secretKey: "a", remoteRef: { key: "a" }, sourceRef }],
    dataFrom: [{ sourceRef }],
  };
}

const places = ["spec.secretStoreRef", "spec.data[0].sourceRef.storeRef", "spec.dataFrom[0].sourceRef.storeRef"];

const good: readonly object[] = [
  { kind: "SecretStore" },
  { kind: "ClusterSecretStore", name: "a" },
  { kind: "Provider", name: "a" },
  { kind: "ClusterProvider", name: "a" },
  { apiVersion: "external-secrets.io/v1" },
  { apiVersion: "external-secrets.io/v1alpha1", kind: "Provider", name: "a" },
  { apiVersion: config, kind: "Vault", name: "a" },
  { apiVersion: "example.com/v1", kind: "SecretStore", name: "a" },
  { apiVersion: `${"a".repeat(253)}/${"b".repeat(63)}`, kind: "K".repeat(63) },
];

const bad: readonly (readonly [ref: object, ...breaks: string[]])[] = [
  [{ kind: "Vault" }, "kind rule"],
  [{ kind: "ProviderClass" }, "kind rule"],
  [{ apiVersion: "external-secrets.io/v1", kind: "Vault" }, "kind rule"],
  [{ apiVersion: config }, "kind rule"],
  [{ kind: "" }, "kind minLength"],
  [{ apiVersion: config, kind: "K".repeat(64) }, "kind maxLength"],
  ...["1Vault", "Vault-", "Va.ult"].map((kind) => [{ apiVersion: config, kind }, "kind pattern"] as const),
  [{ apiVersion: "", kind: "Vault" }, "apiVersion minLength"],
  [{ apiVersion: `${"a".repeat(254)}/${"b".repeat(63)}`, kind: "Vault" }, "apiVersion maxLength"],
  ...["v1", "apps", "Example.com/v1", "example.com/v1/x", "example.com/1", ".com/v1"].map(
    (apiVersion) => [{ apiVersion: apiVersion.padEnd(3, "x"), kind: "Vault" }, "apiVersion pattern"] as const,
  ),
];

/** ExternalSecrets with references of every kind, most of which ESO's API server refuses. */
export const goodStoreRefs: readonly GoodRow[] = good.map((ref) => {
  const spec = everywhere(ref);
  const name = `a reference ${JSON.stringify(ref)}`;
  return { name, kinds: externalSecrets, written: { spec }, stored: { spec: { ...refreshed, ...spec } } };
});

/** ExternalSecrets with references that are none. */
export const badStoreRefs: readonly BadRow[] = [
  ...bad.map(([ref, ...breaks]) => ({
    name: `a reference ${JSON.stringify(ref)}`,
    kinds: externalSecrets,
    written: { spec: everywhere(ref) },
    breaks: places.flatMap((place) => breaks.map((broken) => `${place}.${broken}`)),
  })),
  ...wrongTypes(externalSecrets, "spec", everywhere({ apiVersion: config, kind: "Vault", name: "a" })),
];
