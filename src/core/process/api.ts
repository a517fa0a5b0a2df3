import { clusterProviderClass } from "../../api/kinds/cluster-provider-class.ts";
import { clusterProvider } from "../../api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../../api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import type { KindDefinition } from "../../api/kinds/kind-definition.ts";
import { provider } from "../../api/kinds/provider.ts";
import { providerClass } from "../../api/kinds/provider-class.ts";
import { secretStore } from "../../api/kinds/secret-store.ts";
import { providerConfigMark, providerLabel } from "../../api/provider-labels.ts";
import { createKubernetesCluster, type KubernetesCluster } from "../../cluster/kubernetes/kubernetes-cluster.ts";
import type { Logger } from "../../process/logs.ts";
import { Counter, type Registry } from "../../process/metrics.ts";
import { statusManager } from "../controllers/contest.ts";
import { managedLabel } from "../controllers/external-secret/names.ts";
import type { ProcessSettings } from "./settings.ts";
import packageJson from "../../../package.json" with { type: "json" };

/** ESO's recorders of events; other kinds have the first. */
const components: ReadonlyMap<string, string> = new Map([
  [externalSecret.kind, "external-secrets"],
  [secretStore.kind, "secret-store"],
  [clusterSecretStore.kind, "cluster-secret-store"],
]);

/** Whether kinds of the cluster and Namespaces are looked at: always, unless Roles for some namespaces are all there is. */
export function isClusterWide({ namespaces, enableClusterStoreReconciler }: ProcessSettings): boolean {
  return namespaces.length === 0 || enableClusterStoreReconciler;
}

/** The kinds that core always reads. */
export const coreKinds: readonly KindDefinition[] = [
  externalSecret,
  secretStore,
  provider,
  providerClass,
  clusterSecretStore,
  clusterProvider,
  clusterProviderClass,
];

/** Those of them that these settings have it read. */
export function kindsOf(settings: ProcessSettings): readonly KindDefinition[] {
  const clusterWide = isClusterWide(settings);
  return coreKinds.filter(({ namespaced }) => namespaced || clusterWide);
}

/** What {@link connectApi} needs. */
export interface ApiOptions {
  readonly settings: ProcessSettings;
  readonly systemNamespace: string;
  readonly registry: Registry;
  readonly logger: Logger;
}

/** Begins to read the API server. Rejects when there is no usable kubeconfig or account. */
export async function connectApi({
  settings,
  systemNamespace,
  registry,
  logger,
}: ApiOptions): Promise<KubernetesCluster> {
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Answers of the API server, by status code, method and host (client-go's metric)",
    labelNames: ["code", "method", "host"],
    registers: [registry],
  });
  const { namespaces, kubeconfig, clientQps, clientBurst } = settings;
  return createKubernetesCluster({
    kinds: kindsOf(settings),
    ...(namespaces.length > 0 && { namespaces }),
    watchNamespaces: isClusterWide(settings),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(clientQps > 0 && { rate: { qps: clientQps, burst: clientBurst } }),
    onAnswer: ({ status, ...answered }) => requests.inc({ code: status, ...answered }),
    userAgent: `outboard/${packageJson.version}`,
    managedLabel,
    serviceLabel: providerLabel,
    systemNamespace,
    followedLabel: providerConfigMark,
    fieldManager: statusManager,
    eventComponent: (kind) => components.get(kind) ?? "external-secrets",
    logger,
  });
}
