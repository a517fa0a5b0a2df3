import type { StructuralSchema } from "../../api/structural.ts";
import { configMapKind, namespaceKind, secretKind, serviceAccountKind } from "../cluster/desired.ts";
import type { KindSchema } from "../cluster/schemas.ts";

const text: StructuralSchema = { type: "string" };
/** A map whose values may be null, which Kubernetes reads as empty. */
const texts: StructuralSchema = { type: "object", additionalProperties: { ...text, nullable: true } };
const strings: StructuralSchema = { type: "object", additionalProperties: text };
const open: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };
const openList: StructuralSchema = { type: "array", items: open };

/** ObjectMeta of a manifest. What only the server sets is taken and ignored, so that what kubectl printed can be used. */
export const metadataSchema: StructuralSchema = {
  type: "object",
  required: ["name"],
  properties: {
    name: text,
    namespace: text,
    labels: strings,
    annotations: strings,
    finalizers: { type: "array", items: text },
    ownerReferences: openList,
    managedFields: openList,
    uid: text,
    resourceVersion: text,
    selfLink: text,
    generation: { type: "integer" },
    creationTimestamp: text,
    deletionTimestamp: text,
    deletionGracePeriodSeconds: { type: "integer" },
  },
};

const core = (kind: KindSchema["kind"], properties: Readonly<Record<string, StructuralSchema>>): KindSchema => ({
  kind,
  schema: { type: "object", properties },
});

/** The kinds of core/v1 that local mode takes: what references and store conditions can name. */
export const coreSchemas: readonly KindSchema[] = [
  core(secretKind, { data: texts, stringData: texts, type: text, immutable: { type: "boolean" } }),
  core(configMapKind, { data: texts, binaryData: texts, immutable: { type: "boolean" } }),
  core(namespaceKind, { spec: { type: "object", ...open }, status: { type: "object", ...open } }),
  core(serviceAccountKind, {
    secrets: openList,
    imagePullSecrets: openList,
    automountServiceAccountToken: { type: "boolean" },
  }),
];
