import type { BadRow, GoodRow, TableKind } from "./row.ts";
import { wholeConditions, wholeStatus } from "./whole-store.ts";
import { wrongTypes } from "./wrong-types.ts";

const classes: readonly TableKind[] = ["ProviderClass", "ClusterProviderClass"];
const clusterClasses: readonly TableKind[] = ["ClusterProviderClass"];
const address = "provider-vault.outboard-system.svc:8080";
const tls = { secretRef: { name: "vault-tls" } };
const { conditions } = wholeStatus;

const good: readonly (readonly [name: string, kinds: readonly TableKind[], stored: object])[] = [
  ["an address", classes, { spec: { address } }],
  ["an address of the shortest form", classes, { spec: { address: "a:1" } }],
  ["an address as numbers", classes, { spec: { address: "10.0.0.1:65535" } }],
  ["certificates of the user's own", classes, { spec: { address, tls } }],
  ["namespaces that may use it", clusterClasses, { spec: { address, tls, conditions: wholeConditions } }],
  ["every field of a status", classes, { status: { conditions } }],
];

/** Provider classes that are accepted. */
export const goodProviderClasses: readonly GoodRow[] = good.map(([name, kinds, stored]) => ({
  name,
  kinds,
  written: stored,
  stored,
}));

/** Addresses that are none, and what each breaks. */
export const badAddresses: readonly (readonly [address: string, keyword: string])[] = [
  ["a:", "minLength"],
  [`${"a.".repeat(130)}a:1`, "maxLength"],
  ...["http://vault:8080", "vault", "vault:0", "vault:http", "Vault:1", "[::1]:8080", "a:123456"].map(
    (address) => [address, "pattern"] as const,
  ),
];

type Bad = readonly [name: string, kinds: readonly TableKind[], written: object, ...breaks: string[]];

const bad: readonly Bad[] = [
  ["nothing at all", classes, {}, "spec required"],
  ["an empty spec", classes, { spec: {} }, "spec.address required"],
  ...badAddresses.map(([written, keyword]): Bad => [
    `the address ${written}`,
    classes,
    { spec: { address: written } },
    `spec.address ${keyword}`,
  ]),
  ["tls without a Secret", classes, { spec: { address, tls: {} } }, "spec.tls.secretRef required"],
  [
    "a Secret without a name",
    classes,
    { spec: { address, tls: { secretRef: {} } } },
    "spec.tls.secretRef.name required",
  ],
  ...Object.entries({ minLength: "", maxLength: "a".repeat(254), pattern: "A" }).map(([keyword, name]): Bad => [
    `a Secret's name that breaks ${keyword}`,
    classes,
    { spec: { address, tls: { secretRef: { name } } } },
    `spec.tls.secretRef.name ${keyword}`,
  ]),
  [
    "conditions of one in a namespace",
    ["ProviderClass"],
    { spec: { address, conditions: [] } },
    "spec.conditions unknown",
  ],
  [
    "a label rule without its fields",
    clusterClasses,
    { spec: { address, conditions: [{ namespaceSelector: { matchExpressions: [{}] } }] } },
    "spec.conditions[0].namespaceSelector.matchExpressions[0].key required",
    "spec.conditions[0].namespaceSelector.matchExpressions[0].operator required",
  ],
  [
    "namespaces that cannot be",
    clusterClasses,
    { spec: { address, conditions: [{ namespaces: ["", "a".repeat(64), "a.b"] }] } },
    "spec.conditions[0].namespaces[0] minLength",
    "spec.conditions[0].namespaces[1] maxLength",
    "spec.conditions[0].namespaces[2] pattern",
  ],
  [
    "a condition of a status without its fields",
    classes,
    { status: { conditions: [{}] } },
    "status.conditions[0].type required",
    "status.conditions[0].status required",
  ],
  [
    "a time that is none",
    classes,
    { status: { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "now" }] } },
    "status.conditions[0].lastTransitionTime format",
  ],
];

/** Provider classes that are rejected. */
export const badProviderClasses: readonly BadRow[] = [
  ...bad.map(([name, kinds, written, ...breaks]) => ({ name, kinds, written, breaks })),
  ...wrongTypes(classes, "spec", { address, tls }),
  ...wrongTypes(clusterClasses, "spec", { address, conditions: wholeConditions }),
  ...wrongTypes(classes, "status", { conditions }),
];
