import { externalSecrets, replaced, type GoodRow } from "./row.ts";
import { wholeSpec, wholeStatus } from "./whole-external-secret.ts";

const interval = { "/refreshInterval": "1h0m0s" };
const policies = { "/target/creationPolicy": "Owner", "/target/deletionPolicy": "Retain" };
/** What every ExternalSecret gets that says neither. */
const usual = { ...interval, ...policies };
const template = { ...usual, "/target/template/engineVersion": "v2", "/target/template/mergePolicy": "Replace" };
const generatorVersion = "generators.external-secrets.io/v1alpha1";
const remoteRef = { key: "db" };

type Good = readonly [name: string, spec: unknown, defaults?: Readonly<Record<string, unknown>>];

const specs: readonly Good[] = [
  ["nothing at all", {}],
  ["every field", wholeSpec, {}],
  ["a store and one key", { secretStoreRef: { name: "store" }, data: [{ secretKey: "a", remoteRef }] }],
  ["a store by name and kind", { secretStoreRef: { name: "a.b-1", kind: "ClusterSecretStore" }, data: [] }],
  ["a store that is not named", { secretStoreRef: {} }],
  ["the longest names", { secretStoreRef: { name: "a".repeat(253) }, target: { name: "0".repeat(253) } }],
  ["an empty target", { target: {} }],
  [
    "a target with one policy",
    { target: { creationPolicy: "Merge" } },
    { ...interval, "/target/deletionPolicy": "Retain" },
  ],
  [
    "a target with the other policy",
    { target: { deletionPolicy: "Delete" } },
    { ...interval, "/target/creationPolicy": "Owner" },
  ],
  ...["Owner", "Orphan", "Merge", "None", "CreateOrMerge"].map((creationPolicy): Good => [
    `creationPolicy ${creationPolicy}`,
    { target: { creationPolicy, deletionPolicy: "Retain" } },
    interval,
  ]),
  [
    "a policy that the webhook refuses, not the schema",
    { target: { creationPolicy: "None", deletionPolicy: "Delete" } },
    interval,
  ],
  ["an immutable target", { target: { immutable: true } }],
  ["another kind as the target", { target: { manifest: { apiVersion: "argoproj.io/v1alpha1", kind: "Application" } } }],
  ["an empty template", { target: { template: {} } }, template],
  ["a template with data", { target: { template: { data: { "app.yaml": "{{ .a }}" } } } }, template],
  [
    "metadata of a template",
    { target: { template: { metadata: { labels: {}, annotations: {}, finalizers: [] } } } },
    template,
  ],
  [
    "templates from a ConfigMap and a Secret",
    {
      target: {
        template: {
          templateFrom: [
            { configMap: { name: "a", items: [{ key: "k" }] } },
            { secret: { name: "a", items: [{ key: "k" }] } },
          ],
        },
      },
    },
    {
      ...template,
      "/target/template/templateFrom/0/target": "Data",
      "/target/template/templateFrom/0/configMap/items/0/templateAs": "Values",
      "/target/template/templateFrom/1/target": "Data",
      "/target/template/templateFrom/1/secret/items/0/templateAs": "Values",
    },
  ],
  [
    "a template that is nothing",
    { target: { template: { templateFrom: [{}] } } },
    { ...template, "/target/template/templateFrom/0/target": "Data" },
  ],
  ...["CreatedOnce", "Periodic", "OnChange"].map((refreshPolicy): Good => [
    `refreshPolicy ${refreshPolicy}`,
    { refreshPolicy },
  ]),
  ["an interval of nothing", { refreshInterval: "0" }, policies],
  ["an interval that is no duration: the controller says so, not the schema", { refreshInterval: "soon" }, policies],
  [
    "windows of each form",
    {
      syncWindows: {
        kind: "allow",
        windows: ["@daily", "@every 2h", "*/5 * * * *", "0 8 1 JAN-MAR MON"].map((schedule) => ({
          schedule,
          duration: "1h",
        })),
      },
    },
  ],
  [
    "the widest keys of a Secret",
    { data: ["a".repeat(253), "._-", "UPPER"].map((secretKey) => ({ secretKey, remoteRef })) },
  ],
  [
    "a key twice: the webhook says so, not the schema",
    {
      data: [
        { secretKey: "a", remoteRef },
        { secretKey: "a", remoteRef },
      ],
    },
  ],
  ...["Auto", "Base64", "Base64URL", "None"].map((decodingStrategy): Good => [
    `decodingStrategy ${decodingStrategy}`,
    { dataFrom: [{ extract: { ...remoteRef, decodingStrategy } }] },
  ]),
  ["an empty find", { dataFrom: [{ find: {} }] }],
  ["a find by name and tags", { dataFrom: [{ find: { name: { regexp: "(" }, tags: { a: "b" } } }] }],
  [
    "rewrites",
    { dataFrom: [{ extract: remoteRef, rewrite: [{ regexp: { source: "", target: "" } }, { merge: {} }] }] },
    {
      ...usual,
      "/dataFrom/0/rewrite/1/merge/into": "",
      "/dataFrom/0/rewrite/1/merge/strategy": "Extract",
      "/dataFrom/0/rewrite/1/merge/priorityPolicy": "Strict",
      "/dataFrom/0/rewrite/1/merge/conflictPolicy": "Error",
    },
  ],
  [
    "generators",
    {
      data: [{ secretKey: "a", remoteRef, sourceRef: { generatorRef: { kind: "Password", name: "p" } } }],
      dataFrom: [{ sourceRef: { generatorRef: { kind: "ClusterGenerator", name: "p" } } }],
    },
    {
      ...usual,
      "/data/0/sourceRef/generatorRef/apiVersion": generatorVersion,
      "/dataFrom/0/sourceRef/generatorRef/apiVersion": generatorVersion,
    },
  ],
  ["a source that is a store, with nothing else", { dataFrom: [{ sourceRef: { storeRef: { name: "other" } } }] }],
];

/** Nulls that the API server drops. */
const nulls: readonly GoodRow[] = [
  {
    name: "null for a field without and for one with a default",
    kinds: externalSecrets,
    written: { spec: { data: null, refreshInterval: null, target: null, secretStoreRef: { name: null } } },
    stored: { spec: replaced({ secretStoreRef: {} }, usual) },
  },
  {
    name: "null in a map",
    kinds: externalSecrets,
    written: { spec: { dataFrom: [{ find: { tags: { a: null, b: "c" } } }] } },
    stored: { spec: replaced({ dataFrom: [{ find: { tags: { b: "c" } } }] }, usual) },
  },
];

const statuses: readonly (readonly [name: string, status: unknown, stored: unknown])[] = [
  ["every field of a status", wholeStatus, wholeStatus],
  ["a status without a refresh", { refreshTime: null, binding: {} }, { refreshTime: null, binding: { name: "" } }],
];

/** ExternalSecrets that ESO's API server accepts. */
export const goodExternalSecrets: readonly GoodRow[] = [
  ...specs.map(([name, spec, defaults = usual]) => ({
    name,
    kinds: externalSecrets,
    written: { spec },
    stored: { spec: replaced(spec, defaults) },
  })),
  ...nulls,
  ...statuses.map(([name, status, stored]) => ({
    name,
    kinds: externalSecrets,
    written: { status },
    stored: { status: stored },
  })),
];
