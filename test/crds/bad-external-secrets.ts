import { externalSecrets, type BadRow } from "./row.ts";
import { wholeSpec, wholeStatus } from "./whole-external-secret.ts";
import { wrongTypes } from "./wrong-types.ts";

const long = "a".repeat(254);
const remoteRef = { key: "db" };

type Bad = readonly [name: string, written: unknown, ...breaks: string[]];

const specs: readonly Bad[] = [
  ["a store's kind that is none", { secretStoreRef: { kind: "Vault" } }, "spec.secretStoreRef.kind rule"],
  ["a store's name that is empty", { secretStoreRef: { name: "" } }, "spec.secretStoreRef.name minLength"],
  ["a store's name that is too long", { secretStoreRef: { name: long } }, "spec.secretStoreRef.name maxLength"],
  ["a store's name in upper case", { secretStoreRef: { name: "Store" } }, "spec.secretStoreRef.name pattern"],
  ["a store's name with a final dot", { secretStoreRef: { name: "store." } }, "spec.secretStoreRef.name pattern"],
  ["an unknown field of the store", { secretStoreRef: { namespace: "x" } }, "spec.secretStoreRef.namespace unknown"],
  ["a target's name that is empty", { target: { name: "" } }, "spec.target.name minLength"],
  ["a target's name that is too long", { target: { name: long } }, "spec.target.name maxLength"],
  ["a target's name with an underscore", { target: { name: "a_b" } }, "spec.target.name pattern"],
  ["a creationPolicy that is none", { target: { creationPolicy: "owner" } }, "spec.target.creationPolicy enum"],
  ["an empty creationPolicy", { target: { creationPolicy: "" } }, "spec.target.creationPolicy enum"],
  ["a deletionPolicy that is none", { target: { deletionPolicy: "Orphan" } }, "spec.target.deletionPolicy enum"],
  [
    "the old template engine",
    { target: { template: { engineVersion: "v1" } } },
    "spec.target.template.engineVersion enum",
  ],
  [
    "a mergePolicy that is none",
    { target: { template: { mergePolicy: "Append" } } },
    "spec.target.template.mergePolicy enum",
  ],
  [
    "templates without name and keys",
    { target: { template: { templateFrom: [{ configMap: {} }, { secret: {} }] } } },
    "spec.target.template.templateFrom[0].configMap.name required",
    "spec.target.template.templateFrom[0].configMap.items required",
    "spec.target.template.templateFrom[1].secret.name required",
    "spec.target.template.templateFrom[1].secret.items required",
  ],
  ...templateRows("keys that miss", { name: "a", items: [{}] }, "items[0].key required"),
  ...templateRows("a key that is empty", { name: "a", items: [{ key: "" }] }, "items[0].key minLength"),
  ...templateRows("a key that is too long", { name: "a", items: [{ key: long }] }, "items[0].key maxLength"),
  ...templateRows("a key with a slash", { name: "a", items: [{ key: "a/b" }] }, "items[0].key pattern"),
  ...templateRows("an empty name", { name: "", items: [] }, "name minLength"),
  ...templateRows("a name that is too long", { name: long, items: [] }, "name maxLength"),
  ...templateRows("a name with a slash", { name: "a/b", items: [] }, "name pattern"),
  ...templateRows(
    "a scope that is none",
    { name: "a", items: [{ key: "a", templateAs: "Keys" }] },
    "items[0].templateAs enum",
  ),
  [
    "values decoded in no way that there is",
    { target: { template: { templateFrom: [{ literal: "a", valuesDecodingStrategy: "Hex" }] } } },
    "spec.target.template.templateFrom[0].valuesDecodingStrategy enum",
  ],
  [
    "another target without its kind",
    { target: { manifest: {} } },
    "spec.target.manifest.apiVersion required",
    "spec.target.manifest.kind required",
  ],
  [
    "another target of an empty kind",
    { target: { manifest: { apiVersion: "", kind: "" } } },
    "spec.target.manifest.apiVersion minLength",
    "spec.target.manifest.kind minLength",
  ],
  ["a refreshPolicy that is none", { refreshPolicy: "Never" }, "spec.refreshPolicy enum"],
  ["no windows", { syncWindows: {} }, "spec.syncWindows.kind required", "spec.syncWindows.windows required"],
  ["an empty list of windows", { syncWindows: { kind: "allow", windows: [] } }, "spec.syncWindows.windows minItems"],
  [
    "windows that are neither allowed nor denied",
    { syncWindows: { kind: "Allow", windows: [{ schedule: "@daily", duration: "1h" }] } },
    "spec.syncWindows.kind enum",
  ],
  [
    "a window without its times",
    { syncWindows: { kind: "allow", windows: [{}] } },
    "spec.syncWindows.windows[0].schedule required",
    "spec.syncWindows.windows[0].duration required",
  ],
  [
    "schedules that cron does not know",
    {
      syncWindows: {
        kind: "allow",
        windows: ["* * * *", "@often", "* * * * * *", ""].map((schedule) => ({ schedule, duration: "1h" })),
      },
    },
    "spec.syncWindows.windows[0].schedule pattern",
    "spec.syncWindows.windows[1].schedule pattern",
    "spec.syncWindows.windows[2].schedule pattern",
    "spec.syncWindows.windows[3].schedule minLength",
  ],
  ["data without its fields", { data: [{}] }, "spec.data[0].secretKey required", "spec.data[0].remoteRef required"],
  ["null where data has an item", { data: [null] }, "spec.data[0] type"],
  [
    "keys that a Secret cannot have",
    { data: ["", long, "a b"].map((secretKey) => ({ secretKey, remoteRef })) },
    "spec.data[0].secretKey minLength",
    "spec.data[1].secretKey maxLength",
    "spec.data[2].secretKey pattern",
  ],
  [
    "a remote reference without a key",
    { data: [{ secretKey: "a", remoteRef: {} }] },
    "spec.data[0].remoteRef.key required",
  ],
  [
    "a null for a remote key",
    { data: [{ secretKey: "a", remoteRef: { key: null } }] },
    "spec.data[0].remoteRef.key required",
  ],
  [
    "strategies of a remote reference that are none",
    { data: [{ secretKey: "a", remoteRef: { ...remoteRef, ...strategies("Some"), metadataPolicy: "Some" } }] },
    ...strategyBreaks("spec.data[0].remoteRef"),
    "spec.data[0].remoteRef.metadataPolicy enum",
  ],
  ["an extract without a key", { dataFrom: [{ extract: {} }] }, "spec.dataFrom[0].extract.key required"],
  [
    "strategies of an extract that are none",
    { dataFrom: [{ extract: { ...remoteRef, ...strategies(""), metadataPolicy: "" } }] },
    ...strategyBreaks("spec.dataFrom[0].extract"),
    "spec.dataFrom[0].extract.metadataPolicy enum",
  ],
  [
    "strategies of a find that are none",
    { dataFrom: [{ find: strategies("none") }] },
    ...strategyBreaks("spec.dataFrom[0].find"),
  ],
  [
    "a find with a metadataPolicy",
    { dataFrom: [{ find: { metadataPolicy: "None" } }] },
    "spec.dataFrom[0].find.metadataPolicy unknown",
  ],
  ["a rewrite that does nothing", { dataFrom: [{ rewrite: [{}] }] }, "spec.dataFrom[0].rewrite[0] minProperties"],
  [
    "a rewrite that does two things",
    { dataFrom: [{ rewrite: [{ transform: { template: "a" }, merge: {} }] }] },
    "spec.dataFrom[0].rewrite[0] maxProperties",
  ],
  [
    "rewrites without their fields",
    { dataFrom: [{ rewrite: [{ regexp: {} }, { transform: {} }] }] },
    "spec.dataFrom[0].rewrite[0].regexp.source required",
    "spec.dataFrom[0].rewrite[0].regexp.target required",
    "spec.dataFrom[0].rewrite[1].transform.template required",
  ],
  [
    "a merge with policies that are none",
    { dataFrom: [{ rewrite: [{ merge: { strategy: "YAML", priorityPolicy: "Lax", conflictPolicy: "Warn" } }] }] },
    "spec.dataFrom[0].rewrite[0].merge.strategy enum",
    "spec.dataFrom[0].rewrite[0].merge.priorityPolicy enum",
    "spec.dataFrom[0].rewrite[0].merge.conflictPolicy enum",
  ],
  ...sourceRows("an empty source", {}, "minProperties"),
  ...sourceRows("two sources", { storeRef: {}, generatorRef: { kind: "UUID", name: "a" } }, "maxProperties"),
  ...sourceRows("another store of no kind", { storeRef: { kind: "Store" } }, "storeRef.kind rule"),
  ...sourceRows("another store with an empty name", { storeRef: { name: "" } }, "storeRef.name minLength"),
  ...sourceRows("another store with a long name", { storeRef: { name: long } }, "storeRef.name maxLength"),
  ...sourceRows("another store with a name in upper case", { storeRef: { name: "A" } }, "storeRef.name pattern"),
  ...sourceRows(
    "a generator without kind and name",
    { generatorRef: {} },
    "generatorRef.kind required",
    "generatorRef.name required",
  ),
  ...sourceRows(
    "a generator of no kind",
    { generatorRef: { kind: "Dice", name: "" } },
    "generatorRef.kind enum",
    "generatorRef.name minLength",
  ),
  ...sourceRows(
    "a generator with a long name",
    { generatorRef: { kind: "UUID", name: long } },
    "generatorRef.name maxLength",
  ),
  ...sourceRows(
    "a generator with a name in upper case",
    { generatorRef: { kind: "UUID", name: "A" } },
    "generatorRef.name pattern",
  ),
  [
    "fields that are misspelt",
    { refreshIntervall: "1h", target: { nmae: "a" } },
    "spec.refreshIntervall unknown",
    "spec.target.nmae unknown",
  ],
];

const statuses: readonly Bad[] = [
  [
    "a condition that nobody knows",
    { conditions: [{ type: "Synced", status: "True" }] },
    "status.conditions[0].type enum",
  ],
  [
    "a condition without its fields",
    { conditions: [{}] },
    "status.conditions[0].type required",
    "status.conditions[0].status required",
  ],
  [
    "times that are none",
    {
      refreshTime: "2026-01-31",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2026-01-31T12:00:00" }],
    },
    "status.refreshTime format",
    "status.conditions[0].lastTransitionTime format",
  ],
];

/** ExternalSecrets that ESO's API server rejects. */
export const badExternalSecrets: readonly BadRow[] = [
  ...specs.map(([name, spec, ...breaks]) => ({ name, kinds: externalSecrets, written: { spec }, breaks })),
  ...statuses.map(([name, status, ...breaks]) => ({ name, kinds: externalSecrets, written: { status }, breaks })),
  ...wrongTypes(externalSecrets, "spec", wholeSpec),
  ...wrongTypes(externalSecrets, "status", wholeStatus),
];

/** Too large for each mutation to look at: they are to come last. */
export const hugeExternalSecrets: readonly BadRow[] = [
  {
    name: "more keys than any Secret has",
    kinds: externalSecrets,
    written: { spec: { data: Array.from({ length: 65_537 }, () => ({ secretKey: "a", remoteRef: { key: "" } })) } },
    breaks: ["spec.data maxItems"],
  },
  {
    name: "more lists of keys than that",
    kinds: externalSecrets,
    written: { spec: { dataFrom: Array.from({ length: 65_537 }, () => ({})) } },
    breaks: ["spec.dataFrom maxItems"],
  },
];

/** The same reference from a ConfigMap and from a Secret. */
function templateRows(name: string, reference: object, ...breaks: readonly string[]): readonly Bad[] {
  return ["configMap", "secret"].map((source) => [
    `templates of a ${source}: ${name}`,
    { target: { template: { templateFrom: [{ [source]: reference }] } } },
    ...breaks.map((broken) => `spec.target.template.templateFrom[0].${source}.${broken}`),
  ]);
}

/** The same source in `data` and in `dataFrom`. A break without a field is of the source itself. */
function sourceRows(name: string, sourceRef: object, ...breaks: readonly string[]): readonly Bad[] {
  const at = (field: string) =>
    breaks.map((broken) => (broken.includes(" ") ? `${field}.${broken}` : `${field} ${broken}`));
  return [
    [`data: ${name}`, { data: [{ secretKey: "a", remoteRef, sourceRef }] }, ...at("spec.data[0].sourceRef")],
    [`dataFrom: ${name}`, { dataFrom: [{ sourceRef }] }, ...at("spec.dataFrom[0].sourceRef")],
  ];
}

function strategies(value: string): object {
  return { conversionStrategy: value, decodingStrategy: value, nullBytePolicy: value };
}

function strategyBreaks(field: string): readonly string[] {
  return Object.keys(strategies("")).map((name) => `${field}.${name} enum`);
}
