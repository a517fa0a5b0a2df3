/** One entry of `x-kubernetes-validations`. */
export interface ValidationRule {
  /** CEL over `self`. */
  readonly rule: string;
  /** Which field of `self` is wrong when it does not hold: ".kind". */
  readonly fieldPath: string;
  readonly reason: "FieldValueRequired" | "FieldValueForbidden" | "FieldValueInvalid";
  /** To stand after the field. */
  readonly message: string;
}

/** A rule, and the same for where there is no API server that knows CEL. */
interface Rule {
  readonly schema: ValidationRule;
  readonly holds: (self: Readonly<Record<string, unknown>>) => boolean;
}

const ownKinds: readonly unknown[] = ["SecretStore", "ClusterSecretStore", "Provider", "ClusterProvider"];
const ofOwnGroup = "!has(self.apiVersion) || self.apiVersion.startsWith('external-secrets.io/')";

function isOfOwnGroup({ apiVersion }: Readonly<Record<string, unknown>>): boolean {
  return typeof apiVersion !== "string" || apiVersion.startsWith("external-secrets.io/");
}

/** A store has its configuration in itself or elsewhere. */
export const oneBackend = {
  schema: {
    rule: "has(self.provider) || has(self.providerRef)",
    fieldPath: ".provider",
    reason: "FieldValueRequired",
    message: "must be set, or providerRef instead of it",
  },
  holds: (self) => "provider" in self || "providerRef" in self,
} as const satisfies Rule;

/** A store does not have its configuration twice. */
export const notTwoBackends = {
  schema: {
    rule: "!has(self.provider) || !has(self.providerRef)",
    fieldPath: ".providerRef",
    reason: "FieldValueForbidden",
    message: "must not be set beside provider",
  },
  holds: (self) => !("provider" in self) || !("providerRef" in self),
} as const satisfies Rule;

/** What belongs to a namespace has its config object in the same one, which no rule can compare. */
export const noNamespace = {
  schema: {
    rule: "!has(self.namespace)",
    fieldPath: ".namespace",
    reason: "FieldValueForbidden",
    message: "must not be set: the config object is in the same namespace",
  },
  holds: (self) => !("namespace" in self),
} as const satisfies Rule;

/** A reference to a kind of ours names one that is a store. */
export const ownStoreKind = {
  schema: {
    rule: `(${ofOwnGroup}) ? (!has(self.kind) || self.kind in [${ownKinds.map((kind) => `'${String(kind)}'`).join(", ")}]) : true`,
    fieldPath: ".kind",
    reason: "FieldValueInvalid",
    message: `must be one of ${ownKinds.join(", ")}, or apiVersion name the group of a config kind`,
  },
  holds: (self) => !isOfOwnGroup(self) || self["kind"] === undefined || ownKinds.includes(self["kind"]),
} as const satisfies Rule;

/** A reference to a kind of another group says which. */
export const configKind = {
  schema: {
    rule: `(${ofOwnGroup}) || has(self.kind)`,
    fieldPath: ".kind",
    reason: "FieldValueRequired",
    message: "must be set beside an apiVersion of another group",
  },
  holds: (self) => isOfOwnGroup(self) || self["kind"] !== undefined,
} as const satisfies Rule;

const rules: readonly Rule[] = [oneBackend, notTwoBackends, noNamespace, ownStoreKind, configKind];

/** Whether an object keeps a rule. One that is none of these, of somebody's own kind, is for an API server to check. */
export function keepsRule({ rule }: Pick<ValidationRule, "rule">, self: Readonly<Record<string, unknown>>): boolean {
  return rules.find(({ schema }) => schema.rule === rule)?.holds(self) ?? true;
}
