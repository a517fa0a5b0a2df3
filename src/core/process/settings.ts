import { apiSettings } from "../../cluster/kubernetes/settings.ts";
import { endpointSettings } from "../../process/endpoints.ts";
import { parseListenAddress } from "../../process/listen-address.ts";
import { logLevels } from "../../process/logs.ts";
import { UsageError, type SettingTable, type SettingValues } from "../../process/settings.ts";
import { parseResolve } from "../resolve/resolve-flag.ts";
import { coreSettings } from "../settings.ts";

/** Flags of `outboard core`; names and defaults are ESO's where ESO has the flag, but for leader election and rate. */
export const processSettings = {
  ...coreSettings,
  namespaces: {
    flag: "--namespace",
    type: "strings",
    doc: "Work in this namespace only; may be repeated. With --enable-cluster-store-reconciler=false Roles are enough.",
  },
  enableClusterStoreReconciler: {
    flag: "--enable-cluster-store-reconciler",
    type: "boolean",
    default: true,
    doc: "Reconcile ClusterSecretStores; false: another operator does.",
  },
  enableSecretStoreReconciler: {
    flag: "--enable-secret-store-reconciler",
    type: "boolean",
    default: true,
    doc: "Reconcile SecretStores; false: another operator does.",
  },
  ambient: {
    flag: "--ambient",
    type: "string",
    choices: ["None", "ClusterStores", "All"],
    default: "ClusterStores",
    doc: "Which stores without auth may use the identity of the provider's own pod.",
  },
  apiServerTokens: {
    flag: "--api-server-tokens",
    type: "string",
    choices: ["Allow", "Deny"],
    default: "Allow",
    doc: "Whether a provider whose backend reviews tokens at the API server may get tokens that are good there too.",
  },
  resolve: {
    flag: "--resolve",
    type: "strings",
    doc: "NAME:PORT=ADDRESS: where a provider is dialled whose name this machine cannot look up; may be repeated.",
  },
  allowAddress: {
    flag: "--allow-address",
    type: "strings",
    doc: "NAME:PORT of a provider outside the cluster that classes with certificates of their own may name; may be repeated.",
  },
  tlsDir: {
    flag: "--tls-dir",
    type: "string",
    default: "/etc/outboard/certs",
    doc: "Folder with core's ca.crt, tls.crt and tls.key for classes without tls.secretRef, followed as they change.",
  },
  kubeconfig: apiSettings.kubeconfig,
  clientQps: {
    flag: "--client-qps",
    type: "integer",
    default: 0,
    max: 100_000,
    doc: "Requests to the API server a second at most; 0: as many as the API server allows.",
  },
  clientBurst: {
    flag: "--client-burst",
    type: "integer",
    default: 100,
    min: 1,
    max: 100_000,
    doc: "With --client-qps: how many requests may go out at once.",
  },
  systemNamespace: apiSettings.systemNamespace,
  enableLeaderElection: {
    flag: "--enable-leader-election",
    type: "boolean",
    default: true,
    doc: "Write only while holding the Lease, so that of several replicas, or of ESO and this, one works.",
  },
  leaderElectionId: {
    flag: "--leader-election-id",
    type: "string",
    doc: "Name of the Lease. By default ESO's, external-secrets-controller; with a class of its own -CLASS is appended.",
  },
  leaderElectionNamespace: {
    flag: "--leader-election-namespace",
    type: "string",
    doc: "Namespace of the Lease. By default the system namespace.",
  },
  leaseDuration: {
    flag: "--leader-election-lease-duration",
    type: "duration",
    default: "15s",
    doc: "How long others wait for a holder of the Lease that is not heard of.",
  },
  renewDeadline: {
    flag: "--leader-election-renew-deadline",
    type: "duration",
    default: "10s",
    doc: "How long the holder tries to renew the Lease before it stops work.",
  },
  retryPeriod: {
    flag: "--leader-election-retry-period",
    type: "duration",
    default: "2s",
    doc: "Time between two tries to take or renew the Lease.",
  },
  metricsAddr: endpointSettings.metricsAddr,
  liveAddr: endpointSettings.liveAddr,
  logLevel: { flag: "--loglevel", type: "string", choices: logLevels, default: "info", doc: "Least level logged." },
} as const satisfies SettingTable;

/** What {@link processSettings} parse to. */
export type ProcessSettings = SettingValues<typeof processSettings>;

/** Throws UsageError for values that are no good, or do not fit each other. */
export function checkProcessSettings(settings: ProcessSettings): void {
  parseListenAddress("--metrics-addr", settings.metricsAddr);
  parseListenAddress("--live-addr", settings.liveAddr);
  parseResolve(settings.resolve);
  const { leaseDuration, renewDeadline, retryPeriod } = settings;
  // client-go's own conditions: jitter makes a period up to a fifth longer.
  if (leaseDuration <= renewDeadline) {
    throw new UsageError("--leader-election-lease-duration must be longer than --leader-election-renew-deadline");
  }
  if (retryPeriod < 1 || renewDeadline <= retryPeriod * 1.2) {
    throw new UsageError(
      "--leader-election-renew-deadline must be longer than 1.2 times --leader-election-retry-period, which is not 0",
    );
  }
}

/** Name of the Lease: ESO's for the default class, so that the two exclude each other. */
export function leaseName({ leaderElectionId, controllerClass }: ProcessSettings): string {
  const own = controllerClass === "default" ? "" : `-${controllerClass}`;
  return leaderElectionId ?? `external-secrets-controller${own}`;
}
