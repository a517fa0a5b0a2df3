import { stores, type BadRow, type GoodRow, type TableKind } from "./row.ts";
import { wrongTypes } from "./wrong-types.ts";

/** Names a config object, with every field that a reference from within a namespace has. */
export const wholeRef = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Vault", name: "main" };

const namespaced: readonly TableKind[] = ["SecretStore", "Provider"];
const cluster: readonly TableKind[] = ["ClusterSecretStore", "ClusterProvider"];
const all = [...namespaced, ...cluster];

type Good = readonly [name: string, kinds: readonly TableKind[], providerRef: object];

const good: readonly Good[] = [
  ["a config object", all, wholeRef],
  ["a config object of a third party", all, { ...wholeRef, apiVersion: "example.com/v1" }],
  ["a config object of the longest names", all, longest(0)],
  ["a config object of one namespace", cluster, { ...wholeRef, namespace: "a".repeat(63) }],
];

function longest(more: number) {
  const rest = "a".repeat(more);
  return {
    apiVersion: `${"a".repeat(253)}/${"b".repeat(63)}${rest}`,
    kind: "K".repeat(63) + rest,
    name: "a".repeat(253) + rest,
  };
}

type Bad = readonly [name: string, kinds: readonly TableKind[], providerRef: unknown, ...breaks: string[]];

const bad: readonly Bad[] = [
  ["a config object of no kind and name", all, {}, "apiVersion required", "kind required", "name required"],
  ["names that are empty", all, ...each("", "minLength")],
  ["names that are too long", all, longest(1), "apiVersion maxLength", "kind maxLength", "name maxLength"],
  ["names that cannot be", all, ...each("_._", "pattern")],
  ["a config object of another namespace", namespaced, { ...wholeRef, namespace: "b" }, "namespace rule"],
  ["a namespace that is empty", all, { ...wholeRef, namespace: "" }, "namespace minLength"],
  ["a namespace that is too long", all, { ...wholeRef, namespace: "a".repeat(64) }, "namespace maxLength"],
  ["a namespace with a dot", all, { ...wholeRef, namespace: "a.b" }, "namespace pattern"],
];

function each(value: string, keyword: string): readonly [providerRef: object, ...breaks: string[]] {
  const names = ["apiVersion", "kind", "name"];
  return [Object.fromEntries(names.map((name) => [name, value])), ...names.map((name) => `${name} ${keyword}`)];
}

/** What a ClusterProvider has where it does not say. */
const scope = { authenticationScope: "ProviderNamespace" };

/** Stores and Providers that name their configuration. */
export const goodProviderRefs: readonly GoodRow[] = good.flatMap(([name, kinds, providerRef]) =>
  kinds.map((kind) => ({
    name,
    kinds: [kind],
    written: { spec: { providerRef } },
    stored: { spec: { providerRef, ...(kind === "ClusterProvider" && scope) } },
  })),
);

/** Stores and Providers whose configuration cannot be that. */
export const badProviderRefs: readonly BadRow[] = [
  ...bad.map(([name, kinds, providerRef, ...breaks]) => ({
    name,
    kinds,
    written: { spec: { providerRef } },
    breaks: breaks.map((broken) => `spec.providerRef.${broken}`),
  })),
  {
    name: "a configuration of its own, and one elsewhere",
    kinds: stores,
    written: { spec: { provider: { fake: { data: [] } }, providerRef: wholeRef } },
    breaks: ["spec.providerRef rule"],
  },
  ...wrongTypes(all, "spec", { providerRef: { ...wholeRef, namespace: "a" } }),
];
