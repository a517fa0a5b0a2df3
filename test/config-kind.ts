import type { FollowedKind } from "../src/cluster/followed-kinds.ts";

/** The config kind Vault as core follows it, with one reference: `/token`, a Secret. */
export const vaultKind: FollowedKind = {
  apiVersion: "provider.external-secrets.io/v2alpha1",
  kind: "Vault",
  namespaced: true,
  group: "provider.external-secrets.io",
  plural: "vaults",
  servedVersions: ["v2alpha1"],
  hasStatus: true,
  annotations: {
    "external-secrets.io/provider-config": JSON.stringify({
      key: "vault",
      references: [{ path: "/token", kind: "Secret" }],
    }),
  },
};
