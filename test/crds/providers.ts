import { badAddresses } from "./provider-classes.ts";
import { wholeRef } from "./provider-refs.ts";
import type { BadRow, GoodRow, TableKind } from "./row.ts";
import { wholeConditions, wholeStatus } from "./whole-store.ts";
import { wrongTypes } from "./wrong-types.ts";

const both: readonly TableKind[] = ["Provider", "ClusterProvider"];
const cluster: readonly TableKind[] = ["ClusterProvider"];
const address = "provider-vault.outboard-system.svc:8080";
const retrySettings = { maxRetries: 5, retryInterval: "10s" };
const whole = { controller: "team", address, providerRef: wholeRef, refreshInterval: "5m", retrySettings };
const status = { ...wholeStatus, endpoint: address, protocol: "outboard.v1", providerVersion: "1.2.3" };
const scope = { authenticationScope: "ProviderNamespace" };

const good: readonly GoodRow[] = [
  row("every field", ["Provider"], whole),
  row("every field", cluster, { ...whole, authenticationScope: "ManifestNamespace", conditions: wholeConditions }),
  row("no scope", cluster, whole, { ...whole, ...scope }),
  row("a scope", cluster, { providerRef: wholeRef, ...scope }),
  row("an interval in seconds, an address as numbers", ["Provider"], {
    ...whole,
    refreshInterval: 0,
    address: "1.2.3.4:1",
  }),
  { name: "every field of a status", kinds: both, written: { status }, stored: { status } },
];

function row(name: string, kinds: readonly TableKind[], spec: object, stored = spec): GoodRow {
  return { name, kinds, written: { spec }, stored: { spec: stored } };
}

type Bad = readonly [name: string, kinds: readonly TableKind[], written: object, ...breaks: string[]];

const bad: readonly Bad[] = [
  ["nothing at all", both, {}, "spec required"],
  ["an empty spec", both, { spec: {} }, "spec.providerRef required"],
  ...badAddresses.map(([address, keyword]): Bad => [
    `the address ${address}`,
    both,
    { spec: { address, providerRef: wholeRef } },
    `spec.address ${keyword}`,
  ]),
  [
    "retries beyond 32 bits",
    both,
    { spec: { providerRef: wholeRef, retrySettings: { maxRetries: 2 ** 31 } } },
    "spec.retrySettings.maxRetries format",
  ],
  [
    "what is for all namespaces on one of a namespace",
    ["Provider"],
    { spec: { providerRef: wholeRef, ...scope, conditions: [] } },
    "spec.authenticationScope unknown",
    "spec.conditions unknown",
  ],
  [
    "a scope that is none",
    cluster,
    { spec: { providerRef: wholeRef, authenticationScope: "Cluster" } },
    "spec.authenticationScope enum",
  ],
  [
    "a label rule without its fields",
    cluster,
    { spec: { providerRef: wholeRef, conditions: [{ namespaceSelector: { matchExpressions: [{}] } }] } },
    "spec.conditions[0].namespaceSelector.matchExpressions[0].key required",
    "spec.conditions[0].namespaceSelector.matchExpressions[0].operator required",
  ],
  [
    "namespaces that cannot be",
    cluster,
    { spec: { providerRef: wholeRef, conditions: [{ namespaces: ["", "a".repeat(64), "a.b"] }] } },
    "spec.conditions[0].namespaces[0] minLength",
    "spec.conditions[0].namespaces[1] maxLength",
    "spec.conditions[0].namespaces[2] pattern",
  ],
  [
    "a condition of a status without its fields",
    both,
    { status: { conditions: [{}] } },
    "status.conditions[0].type required",
    "status.conditions[0].status required",
  ],
  [
    "a time that is none",
    both,
    { status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "now" }] } },
    "status.conditions[0].lastTransitionTime format",
  ],
];

/** Providers and ClusterProviders that are accepted. */
export const goodProviders: readonly GoodRow[] = good;

/** Providers and ClusterProviders that are rejected. */
export const badProviders: readonly BadRow[] = [
  ...bad.map(([name, kinds, written, ...breaks]) => ({ name, kinds, written, breaks })),
  ...wrongTypes(both, "spec", whole),
  ...wrongTypes(cluster, "spec", { providerRef: wholeRef, ...scope, conditions: wholeConditions }),
  ...wrongTypes(both, "status", status),
];
