import t from "tap";
import { vaultKind } from "../../../test/config-kind.ts";
import { clusterVaultStore, inlineReferences, vaultConfig, vaultStore } from "../../../test/core-store.ts";
import type { Reference } from "../../api/references.ts";
import type { FollowedKind } from "../../cluster/followed-kinds.ts";
import type { CoreStore } from "../store.ts";
import { isReferent, referencesFrom, storeReferences } from "./store-references.ts";

const withSpec = (provider: Record<string, unknown>) => ({ ...vaultStore(), spec: { provider } });

t.test("references of a store", (t) => {
  const marked: readonly Reference[] = [
    { path: "/auth/tokenSecretRef", kind: "Secret" },
    { path: "/caProvider", kind: "CAProvider" },
  ];
  const references = inlineReferences(new Map([["vault", marked]]));
  const named = { auth: { tokenSecretRef: { name: "t", key: "k", namespace: "n" } } };
  const unnamed = { auth: { tokenSecretRef: { name: "t", key: "k" } } };

  t.strictSame(
    storeReferences(vaultStore(named), references).map(({ pointer }) => pointer),
    ["/provider/vault/auth/tokenSecretRef"],
    "pointers start at the spec's root",
  );
  t.strictSame(storeReferences(withSpec({ other: named }), references), [], "an unknown key has none");
  for (const provider of [{}, { vault: null }, { vault: {}, aws: {} }]) {
    t.throws(() => storeReferences(withSpec(provider), references), {
      message: /exactly one backend specified, found/,
    });
  }
  t.equal(isReferent(clusterVaultStore(unnamed), references), true, "a selector without namespace");
  t.equal(isReferent(clusterVaultStore(named), references), false, "a selector with one");
  t.equal(isReferent(vaultStore(unnamed), references), false, "never a SecretStore");
  t.equal(isReferent(clusterVaultStore({ caProvider: { name: "ca" } }), references), false, "never a caProvider");
  t.end();
});

t.test("the references of a config kind are those of its CustomResourceDefinition, never of the key", (t) => {
  const shipped = new Map<string, readonly Reference[]>([["vault", [{ path: "/shipped", kind: "Secret" }]]]);
  const served = (found: FollowedKind | undefined) =>
    referencesFrom(shipped, {
      followedKind: (id) => (id === "Vault.provider.external-secrets.io" ? found : undefined),
    });
  const spec = { token: { name: "t", key: "k" }, shipped: { name: "s", key: "k" } };
  const inline = clusterVaultStore(spec);
  const pointers = (store: CoreStore, found: FollowedKind | undefined = vaultKind) =>
    storeReferences(store, served(found)).map(({ pointer }) => pointer);
  t.strictSame(pointers(inline), ["/provider/vault/shipped"]);
  t.strictSame(pointers({ ...inline, config: vaultConfig }), ["/provider/vault/token"]);
  t.strictSame(
    pointers({ ...inline, config: { ...vaultConfig, group: "example.com" } }),
    [],
    "a kind that nobody knows",
  );
  t.throws(() => pointers({ ...inline, config: vaultConfig }, { ...vaultKind, annotations: {} }), {
    code: "InvalidConfig",
  });

  t.equal(isReferent({ ...inline, config: vaultConfig }, served(vaultKind)), false, "they are the config's own");
  t.equal(isReferent({ ...inline, config: { ...vaultConfig, scope: "ManifestNamespace" } }, served(vaultKind)), true);
  t.end();
});
