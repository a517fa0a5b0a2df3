// A provider's spec as a kind of its own, whose objects stores and references name.
import { configColumns, configStatus } from "../../src/api/kinds/config-kind.ts";
import { providerConfigMark } from "../../src/api/provider-labels.ts";
import { referencesOf } from "../../src/api/references.ts";

/** The KindDefinition of a spec that has a kind. */
export function configKind({ kind: { group, version, kind }, schema }) {
  return {
    apiVersion: `${group}/${version}`,
    kind,
    namespaced: true,
    plural: `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: ["external-secrets"],
    description: `Configuration of a provider. ${schema.description}`,
    printerColumns: configColumns,
    selectableFields: [],
    spec: schema,
    requiresSpec: true,
    status: configStatus,
    unservedVersions: [],
  };
}

/** What tells core of the kind: a label to find it by, and what its objects are and refer to. */
export function configMetadata({ key, schema }) {
  return {
    labels: { [providerConfigMark]: "true" },
    annotations: { [providerConfigMark]: JSON.stringify({ key, references: referencesOf(schema) }) },
  };
}
