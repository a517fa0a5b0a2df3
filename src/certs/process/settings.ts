import { apiSettings } from "../../cluster/kubernetes/settings.ts";
import { endpointSettings } from "../../process/endpoints.ts";
import { formatDuration } from "../../api/duration.ts";
import { parseListenAddress } from "../../process/listen-address.ts";
import { logLevels } from "../../process/logs.ts";
import { UsageError, type SettingTable, type SettingValues } from "../../process/settings.ts";
import { parseClient } from "../clients.ts";

/** Flags of `outboard certs`. */
export const certsSettings = {
  caValidity: { flag: "--ca-validity", type: "duration", default: "8760h", doc: "How long a CA is valid." },
  caLookahead: {
    flag: "--ca-lookahead",
    type: "duration",
    default: "1440h",
    doc: "How long before its end a CA is replaced.",
  },
  leafValidity: {
    flag: "--leaf-validity",
    type: "duration",
    default: "2160h",
    doc: "How long a certificate is valid; never longer than the CA that signs it.",
  },
  leafLookahead: {
    flag: "--leaf-lookahead",
    type: "duration",
    default: "840h",
    doc: "How long before its end a certificate is replaced.",
  },
  interval: { flag: "--interval", type: "duration", default: "10m", doc: "How often everything is looked at." },
  lookInterval: {
    flag: "--look-interval",
    type: "duration",
    default: "1m",
    doc: "How often Secrets of single Services are looked at, which no watch shows.",
  },
  propagationTime: {
    flag: "--propagation-time",
    type: "duration",
    default: "10m",
    doc: "How long it takes at most until a Secret that was written is in use: kubelet's sync and the longest connection.",
  },
  clusterDomain: {
    flag: "--cluster-domain",
    type: "string",
    default: "cluster.local",
    doc: "The cluster's DNS domain, the end of the longest name of a Service.",
  },
  trustDomain: {
    flag: "--trust-domain",
    type: "string",
    doc: "What client identities begin with, spiffe://TRUST-DOMAIN/. By default the cluster domain.",
  },
  clients: {
    flag: "--client",
    type: "strings",
    doc: "NAME=URI, then optionally ;methods=A,B and ;namespaces=a,b: one more that may call, with a certificate in eso-provider-NAME-client-tls; may be repeated.",
  },
  kubeconfig: apiSettings.kubeconfig,
  systemNamespace: apiSettings.systemNamespace,
  metricsAddr: endpointSettings.metricsAddr,
  liveAddr: endpointSettings.liveAddr,
  logLevel: { flag: "--loglevel", type: "string", choices: logLevels, default: "info", doc: "Least level logged." },
} as const satisfies SettingTable;

/** What {@link certsSettings} parse to. */
export type CertsSettings = SettingValues<typeof certsSettings>;

/** Certificates know whole seconds, and a shorter interval only burdens the API server. */
const shortest = 1_000;
/** A hundred years: what a certificate's four digits of a year can say, and more than anybody wants. */
const longest = 100 * 8_760 * 3_600_000;

const durations = [
  "caValidity",
  "caLookahead",
  "leafValidity",
  "leafLookahead",
  "interval",
  "lookInterval",
  "propagationTime",
] as const;

const domain = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/;

/** Throws UsageError for values that are no good, or do not fit each other. */
export function checkCertsSettings(settings: CertsSettings): void {
  const { caValidity, caLookahead, leafValidity, leafLookahead, propagationTime } = settings;
  parseListenAddress("--metrics-addr", settings.metricsAddr);
  parseListenAddress("--live-addr", settings.liveAddr);
  for (const text of settings.clients) parseClient(text);
  for (const name of durations) {
    if (settings[name] >= shortest && settings[name] <= longest) continue;
    const [least, most] = [formatDuration(shortest), formatDuration(longest)];
    throw new UsageError(`${certsSettings[name].flag} must be from ${least} to ${most}`);
  }
  for (const name of ["clusterDomain", "trustDomain"] as const) {
    const text = settings[name];
    if (text === undefined || (domain.test(text) && text.length <= 120)) continue;
    throw new UsageError(`${certsSettings[name].flag} must be a DNS name in lower case of at most 120 characters`);
  }
  if (caLookahead >= caValidity) throw new UsageError("--ca-lookahead must be shorter than --ca-validity");
  if (leafLookahead >= leafValidity) throw new UsageError("--leaf-lookahead must be shorter than --leaf-validity");
  if (leafValidity > caValidity) throw new UsageError("--leaf-validity must not be longer than --ca-validity");
  // A CA is announced for that time before it signs, and the one before is trusted for that time after.
  if (caLookahead <= 2 * propagationTime) {
    throw new UsageError("--ca-lookahead must be longer than twice --propagation-time");
  }
}
