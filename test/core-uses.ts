import { tools } from "./core-observation.ts";
import { providerLabel } from "../src/api/provider-labels.ts";
import { addressOf, classOf, externalSecretOf, fakeStore, readyOf, type Installation } from "./core-process.ts";

/** A right that core has while it runs, and what it does with it. */
export interface Use {
  readonly right: string;
  /** What is there before. */
  readonly setUp?: (space: string) => Promise<void>;
  /** What core has to answer. */
  readonly act: (space: string) => Promise<void>;
  /** Whether it has. */
  readonly isDone: (space: string) => Promise<boolean>;
}

/** A tenant's Provider and its Service, behind which there is nothing. */
export function ownProvider(space: string): readonly object[] {
  const metadata = { name: "own" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, labels: { [providerLabel]: "true" } },
      spec: { ports: [{ port: 8080 }] },
    },
    fakeConfig("own"),
    providerOf("own", `own.${space}.svc:8080`),
  ];
}

/** A config of Vault that leads nowhere. */
const vaultConfig = {
  apiVersion: "provider.external-secrets.io/v2alpha1",
  kind: "Vault",
  metadata: { name: "main" },
  spec: { server: "https://127.0.0.1:1", auth: { tokenSecretRef: { name: "token", key: "token" } } },
};

/** A config of the fake provider. */
function fakeConfig(name: string): object {
  return {
    apiVersion: "provider.external-secrets.io/v2alpha1",
    kind: "Fake",
    metadata: { name },
    spec: { data: [{ key: "db", value: "value" }] },
  };
}

/** A config, and an ExternalSecret that names it: that is what core says something of. */
export function directlyUsed(kind: "Fake" | "Vault"): readonly object[] {
  const { apiVersion } = vaultConfig;
  const secretStoreRef = { apiVersion, kind, name: "main" };
  return [
    kind === "Fake" ? fakeConfig("main") : vaultConfig,
    externalSecretOf("db", { secretStoreRef }, { name: kind.toLowerCase() }),
  ];
}

/** A Provider, or with the `namespace` of its config "main" a ClusterProvider, of the fake provider. */
export function providerOf(name: string, address: string, namespace?: string): object {
  const { apiVersion, kind } = { apiVersion: "provider.external-secrets.io/v2alpha1", kind: "Fake" };
  const cluster = namespace !== undefined;
  return {
    apiVersion: "external-secrets.io/v1alpha1",
    kind: cluster ? "ClusterProvider" : "Provider",
    metadata: { name },
    spec: { address, providerRef: { apiVersion, kind, name: cluster ? "main" : name, ...(cluster && { namespace }) } },
  };
}

/** A store of key vault, and what it refers to: that is read before it shows that nothing listens at its address. */
export function unreachableVault(ca: string): readonly object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ca" }, data: { ca } },
    {
      apiVersion: "external-secrets.io/v1",
      kind: "SecretStore",
      metadata: { name: "vault" },
      spec: {
        runtimeRef: { kind: "ClusterProviderClass", name: "vault" },
        provider: {
          vault: {
            server: "https://127.0.0.1:1",
            caProvider: { type: "ConfigMap", name: "ca", key: "ca" },
            auth: { kubernetes: { mountPath: "kubernetes", role: "r", serviceAccountRef: { name: "reader" } } },
          },
        },
      },
    },
  ];
}

/**
 * One use of each right of core's Roles but those to list and watch, and those about the Lease. The classes "fake" and
 * "vault" are there; nothing listens where the vault stores lead.
 */
export function usesOf(world: Installation): readonly Use[] {
  const { kubectl } = world.api;
  const { ready, password, events } = tools(world);
  const isReady = async (space: string, path: string) => readyOf(await world.get(space, path))?.status === "True";
  const isGone = async (space: string, path: string) => (await world.get(space, path)) === undefined;
  const store = (space: string, more: object = {}) => world.apply(space, { ...fakeStore({ db: "value" }), ...more });
  const sync = async (space: string) => {
    await store(space);
    await world.apply(space, externalSecretOf("db"));
  };
  const synced = async (space: string) => {
    await sync(space);
    await ready(space, "externalsecret/app", { status: "True" });
  };
  const removed = (space: string, path: string) =>
    kubectl(["-n", space, "delete", path, "--wait=false"]).then(() => {});
  const storeFinalizers = ["secretstore.externalsecrets.io/finalizer"];
  const classOfNamespace = async (space: string) => {
    await world.applyCertificates(space);
    await world.apply(space, { ...classOf("fake"), kind: "ProviderClass" });
  };
  const vaultStore = (space: string) => world.apply(space, ...unreachableVault(world.provider.keys.core.ca));
  const hasAskedVault = async (space: string) =>
    readyOf(await world.get(space, "secretstore/vault"))?.reason === "ProviderUnavailable";

  return [
    { right: "create /secrets", act: sync, isDone: async (space) => (await password(space)) === "value" },
    {
      right: "update /secrets",
      setUp: synced,
      act: (space) =>
        kubectl(["-n", space, "patch", "secret", "app", "--type=merge", "-p", '{"stringData":{"password":"x"}}']).then(
          () => {},
        ),
      isDone: async (space) => (await password(space)) === "value",
    },
    {
      right: "delete /secrets",
      setUp: synced,
      act: (space) => world.apply(space, externalSecretOf("db", { target: { name: "other" } })),
      isDone: (space) => isGone(space, "secret/app"),
    },
    {
      right: "get /secrets",
      act: classOfNamespace,
      isDone: (space) => isReady(space, "providerclass/fake"),
    },
    ...["get /configmaps", "get /serviceaccounts", "create /serviceaccounts/token"].map((right) => ({
      right,
      act: vaultStore,
      isDone: hasAskedVault,
    })),
    {
      right: "create /events",
      act: store,
      isDone: async (space) => (await events(space)).includes("Valid: store validated"),
    },
    {
      right: "patch /events",
      act: async (space) => {
        await store(space);
        await world.apply(space, externalSecretOf("none"));
      },
      isDone: async (space) => {
        const { items } = JSON.parse(await kubectl(["-n", space, "get", "events", "-o=json"])) as {
          readonly items: readonly { readonly count: number }[];
        };
        return items.some(({ count }) => count > 1);
      },
    },
    {
      right: "update external-secrets.io/externalsecrets/status",
      act: sync,
      isDone: (space) => isReady(space, "externalsecret/app"),
    },
    {
      right: "update external-secrets.io/secretstores/status",
      act: store,
      isDone: (space) => isReady(space, "secretstore/main"),
    },
    {
      right: "update external-secrets.io/clustersecretstores/status",
      act: (space) => store(space, { kind: "ClusterSecretStore", metadata: { name: space } }),
      isDone: (space) => isReady(space, `clustersecretstore/${space}`),
    },
    {
      right: "update external-secrets.io/providerclasses/status",
      act: classOfNamespace,
      isDone: (space) => isReady(space, "providerclass/fake"),
    },
    {
      right: "update external-secrets.io/clusterproviderclasses/status",
      act: (space) => world.apply(space, { ...classOf("fake"), metadata: { name: space } }),
      isDone: (space) => isReady(space, `clusterproviderclass/${space}`),
    },
    {
      right: "update external-secrets.io/providers/status",
      act: (space) => world.apply(space, fakeConfig("main"), providerOf("main", addressOf("fake"))),
      isDone: (space) => isReady(space, "provider/main"),
    },
    {
      right: "update external-secrets.io/clusterproviders/status",
      act: (space) => world.apply(space, fakeConfig("main"), providerOf(space, addressOf("fake"), space)),
      isDone: (space) => isReady(space, `clusterprovider/${space}`),
    },
    {
      right: "list discovery.k8s.io/endpointslices",
      act: (space) => world.apply(space, ...ownProvider(space)),
      isDone: async (space) => /no pod/.test(readyOf(await world.get(space, "provider/own"))?.message ?? ""),
    },
    ...(["Fake", "Vault"] as const).map((kind) => ({
      right: `update provider.external-secrets.io/${kind.toLowerCase()}s/status`,
      act: (space: string) => world.apply(space, ...directlyUsed(kind)),
      isDone: async (space: string) =>
        readyOf(await world.get(space, `${kind}.provider.external-secrets.io/main`)) !== undefined,
    })),
    {
      right: "patch external-secrets.io/externalsecrets",
      setUp: async (space) => {
        const finalizers = ["externalsecrets.external-secrets.io/externalsecret-cleanup"];
        await world.apply(space, externalSecretOf("db", {}, { finalizers }));
      },
      act: (space) => removed(space, "externalsecret/app"),
      isDone: (space) => isGone(space, "externalsecret/app"),
    },
    {
      right: "patch external-secrets.io/secretstores",
      setUp: (space) => store(space, { metadata: { name: "main", finalizers: storeFinalizers } }),
      act: (space) => removed(space, "secretstore/main"),
      isDone: (space) => isGone(space, "secretstore/main"),
    },
    {
      right: "patch external-secrets.io/clustersecretstores",
      setUp: (space) =>
        store(space, { kind: "ClusterSecretStore", metadata: { name: space, finalizers: storeFinalizers } }),
      act: (space) => removed(space, `clustersecretstore/${space}`),
      isDone: (space) => isGone(space, `clustersecretstore/${space}`),
    },
  ];
}
