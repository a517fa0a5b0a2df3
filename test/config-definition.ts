import { providerConfigMark } from "../src/api/provider-labels.ts";

/** What differs between the definitions that tests make. */
export interface ConfigDefinition {
  readonly group: string;
  readonly kind: string;
  /** All of them served; the last is stored unless `stored` says another. */
  readonly versions?: readonly string[];
  readonly stored?: string;
  readonly scope?: "Namespaced" | "Cluster";
  readonly hasStatus?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A CustomResourceDefinition as a third party writes one for its provider's configuration: a spec of any fields. */
export function configDefinition(definition: ConfigDefinition) {
  const { group, kind, versions = ["v1"], stored = versions.at(-1), scope = "Namespaced" } = definition;
  const { hasStatus = true, labels = { [providerConfigMark]: "true" }, annotations = {} } = definition;
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const openAPIV3Schema = { type: "object", properties: { spec: anything, status: anything } };
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, labels, annotations },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === stored,
        schema: { openAPIV3Schema },
        ...(hasStatus && { subresources: { status: {} } }),
      })),
    },
  };
}
