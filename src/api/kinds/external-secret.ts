import { Type, type Static } from "typebox";
import { stringEnum } from "../schema.ts";
import { conditionOf } from "./condition.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { readyColumn, statusColumn } from "./printer-columns.ts";
import { data, dataFrom, storeRef } from "./remote-data.ts";
import { target } from "./target.ts";

export type { Condition } from "./condition.ts";
export type {
  ExternalSecretData,
  ExternalSecretDataFrom,
  ExternalSecretRewrite,
  SecretStoreRef,
  SourceRef,
} from "./remote-data.ts";
export type { ExternalSecretTarget, ExternalSecretTemplate } from "./target.ts";

/** Five fields of cron, or one of its words. */
const schedule = "^(@(annually|yearly|monthly|weekly|daily|midnight|hourly)|@every [^\\s]+.*|[^\\s]+( [^\\s]+){4})$";

const syncWindows = Type.Object(
  {
    kind: stringEnum(["allow", "deny"], { description: "Whether refreshes happen inside or outside the windows." }),
    windows: Type.Array(
      Type.Object({
        schedule: Type.String({ minLength: 1, pattern: schedule, description: "When the window opens: cron, in UTC." }),
        duration: Type.String({ description: "How long it stays open, a Go duration." }),
      }),
      { minItems: 1, description: "The windows." },
    ),
  },
  { description: "When periodic refreshes may happen." },
);

/** More than an object that etcd takes can have. An API server takes rules on the items of bounded lists only. */
const maxItems = 65_536;

/** `spec` of an ExternalSecret. */
export const externalSecretSpec = Type.Object({
  secretStoreRef: Type.Optional(storeRef),
  target: Type.Optional(target),
  refreshPolicy: Type.Optional(
    stringEnum(["CreatedOnce", "Periodic", "OnChange"], {
      description: "When values are read again; Periodic when empty.",
    }),
  ),
  refreshInterval: Type.Optional(
    Type.String({ default: "1h0m0s", description: "Time between two reads, a Go duration; 0: never again." }),
  ),
  syncWindows: Type.Optional(syncWindows),
  data: Type.Optional(Type.Array(data, { maxItems, description: "Keys of the target, one by one." })),
  dataFrom: Type.Optional(Type.Array(dataFrom, { maxItems, description: "Many keys at once; `data` wins over them." })),
});

/** `status` of an ExternalSecret. */
export const externalSecretStatus = Type.Object({
  refreshTime: Type.Optional(
    Type.Unsafe<string | null>({
      type: "string",
      format: "date-time",
      nullable: true,
      description: "When the values were last read and written.",
    }),
  ),
  syncedResourceVersion: Type.Optional(
    Type.String({ description: "Generation and metadata hash that were last synced." }),
  ),
  conditions: Type.Optional(
    Type.Array(conditionOf(stringEnum(["Ready", "Deleted"], { description: "What the condition is about." })), {
      description: "Ready, and why.",
    }),
  ),
  binding: Type.Optional(
    Type.Object(
      { name: Type.Optional(Type.String({ default: "", description: "Name of the Secret." })) },
      { description: "The Secret as servicebinding.io looks for it.", "x-kubernetes-map-type": "atomic" },
    ),
  ),
});

/** Static type of {@link externalSecretSpec}. */
export type ExternalSecretSpec = Static<typeof externalSecretSpec>;
/** Static type of {@link externalSecretStatus}. */
export type ExternalSecretStatus = Static<typeof externalSecretStatus>;

/** ESO's ExternalSecret: what to read from a store, and the Secret it goes to. */
export const externalSecret = {
  apiVersion: "external-secrets.io/v1",
  kind: "ExternalSecret",
  namespaced: true,
  plural: "externalsecrets",
  singular: "externalsecret",
  shortNames: ["es"],
  categories: ["external-secrets"],
  description: "What to read from a store, and the Secret that it goes to.",
  printerColumns: [
    { name: "StoreType", type: "string", jsonPath: ".spec.secretStoreRef.kind" },
    { name: "Store", type: "string", jsonPath: ".spec.secretStoreRef.name" },
    { name: "Refresh Interval", type: "string", jsonPath: ".spec.refreshInterval" },
    statusColumn,
    readyColumn,
    { name: "Last Sync", type: "date", jsonPath: ".status.refreshTime" },
  ],
  selectableFields: [
    ".spec.secretStoreRef.name",
    ".spec.secretStoreRef.kind",
    ".spec.target.name",
    ".spec.refreshInterval",
  ],
  spec: externalSecretSpec,
  status: externalSecretStatus,
  unservedVersions: ["v1beta1"],
} as const satisfies KindDefinition;
