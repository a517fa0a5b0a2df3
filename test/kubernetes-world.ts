import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import pino from "pino";
import { parse } from "yaml";
import { clusterSecretStore } from "../src/api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../src/api/kinds/external-secret.ts";
import { secretStore } from "../src/api/kinds/secret-store.ts";
import { providerConfigMark, providerLabel } from "../src/api/provider-labels.ts";
import {
  createKubernetesCluster,
  type KubernetesCluster,
  type KubernetesClusterOptions,
} from "../src/cluster/kubernetes/kubernetes-cluster.ts";
import type { ObjectKey } from "../src/cluster/cluster.ts";
import type { Kind } from "../src/cluster/objects.ts";
import type { ApiServer } from "./api-server.ts";
import type { ClusterAdmin, Manifest } from "./cluster-contract/world.ts";

/** A cluster on `kubeconfig`, as core makes it; `more` changes what it is made with. */
export function kubernetesCluster(
  kubeconfig: string,
  more: Partial<KubernetesClusterOptions> = {},
): Promise<KubernetesCluster> {
  return createKubernetesCluster({
    kubeconfig,
    kinds: [externalSecret, secretStore, clusterSecretStore],
    managedLabel: "reconcile.external-secrets.io/managed",
    serviceLabel: providerLabel,
    systemNamespace: "external-secrets",
    followedLabel: providerConfigMark,
    fieldManager: "outboard",
    eventComponent: () => "external-secrets",
    userAgent: "outboard/test",
    logger: pino({ level: "silent" }),
    ...more,
  });
}

/** The API as its admin uses it in cases of the contract. */
export async function clusterAdmin(api: ApiServer): Promise<ClusterAdmin> {
  const plurals = await pluralsOf(join(import.meta.dirname, "..", "deploy", "crds"));
  const path = ({ apiVersion, kind }: Omit<Kind, "namespaced">, { namespace, name }: ObjectKey) => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const plural = plurals.get(kind) ?? `${kind.toLowerCase()}s`;
    return `${root}${namespace === "" ? "" : `/namespaces/${namespace}`}/${plural}${name === "" ? "" : `/${name}`}`;
  };
  const ask = async (...request: Parameters<ApiServer["request"]>) => {
    const { status, body } = await api.request(...request);
    if (status >= 300) throw new Error(`${request[0]} ${request[1]}: ${status} ${JSON.stringify(body)}`);
    return body;
  };
  const keyOf = ({ metadata }: Manifest) => ({ namespace: metadata.namespace ?? "", name: metadata.name });
  return {
    create: async (manifest) => {
      await ask("POST", path(manifest, { ...keyOf(manifest), name: "" }), manifest);
    },
    replace: async (manifest) => {
      const there = path(manifest, keyOf(manifest));
      const held = (await ask("GET", there)) as Manifest & { readonly metadata: { readonly resourceVersion: string } };
      const { resourceVersion } = held.metadata;
      await ask("PUT", there, { ...manifest, metadata: { ...manifest.metadata, resourceVersion } });
    },
    delete: async (kind, key) => {
      await ask("DELETE", path(kind, key));
    },
  };
}

async function pluralsOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")));
  return new Map(
    texts.map((text): [string, string] => {
      const { names } = parse(text).spec;
      return [names.kind, names.plural];
    }),
  );
}
