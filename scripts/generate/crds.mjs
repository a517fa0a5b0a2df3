// The kinds and the providers' specs as CustomResourceDefinitions.
import { stringify } from "yaml";
import { clusterProviderClass } from "../../src/api/kinds/cluster-provider-class.ts";
import { clusterProvider } from "../../src/api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../../src/api/kinds/cluster-secret-store.ts";
import { externalSecret } from "../../src/api/kinds/external-secret.ts";
import { providerClass } from "../../src/api/kinds/provider-class.ts";
import { provider } from "../../src/api/kinds/provider.ts";
import { secretStore } from "../../src/api/kinds/secret-store.ts";
import { configKind, configMetadata } from "./config-kind.mjs";
import { esoKeys } from "./eso-keys.mjs";
import { structural } from "./structural.mjs";

/** `{ path, text }` of each file of deploy/crds. `specs` as readSpecs gives them. Throws SchemaError. */
export function crdFiles(specs) {
  const providers = providerSchema(specs);
  return [
    crdFile(externalSecret, "src/api/kinds/external-secret.ts"),
    crdFile(secretStore, "src/api/kinds/secret-store.ts", { providers }),
    crdFile(clusterSecretStore, "src/api/kinds/cluster-secret-store.ts", { providers }),
    crdFile(providerClass, "src/api/kinds/provider-class.ts"),
    crdFile(clusterProviderClass, "src/api/kinds/cluster-provider-class.ts"),
    crdFile(provider, "src/api/kinds/provider.ts"),
    crdFile(clusterProvider, "src/api/kinds/cluster-provider.ts"),
    ...specs
      .filter(({ kind }) => kind)
      .map((spec) => crdFile(configKind(spec), spec.file, { metadata: configMetadata(spec) })),
  ];
}

function providerSchema(specs) {
  const built = new Map(specs.map(({ key, schema, file }) => [key, structural(schema, file)]));
  const keys = [...new Set([...esoKeys, ...built.keys()])].toSorted(byName);
  return Object.fromEntries(keys.map((key) => [key, built.get(key) ?? unbuiltKey]));
}

const byName = (a, b) => (a < b ? -1 : 1);

const unbuiltKey = {
  description: "Accepted as it stands; no provider of this version of Outboard serves it.",
  type: "object",
  "x-kubernetes-preserve-unknown-fields": true,
};

/** `providers` are joined into `spec.provider`; `metadata` is the CRD's own, beside its name. */
function crdFile(kind, file, { providers, metadata } = {}) {
  const [group, version] = kind.apiVersion.split("/");
  const spec = structural(kind.spec, `${file} (spec)`);
  if (providers) spec.properties.provider = joined(spec.properties.provider, providers);
  const schema = {
    description: kind.description,
    type: "object",
    ...(kind.requiresSpec && { required: ["spec"] }),
    properties: {
      apiVersion: { description: "Version of the schema of this object.", type: "string" },
      kind: { description: "Kind of this object.", type: "string" },
      metadata: { type: "object" },
      spec: described(spec, "What is wanted."),
      status: described(structural(kind.status, `${file} (status)`), "What is."),
    },
  };
  const crd = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${kind.plural}.${group}`,
      labels: { "external-secrets.io/component": "controller", ...metadata?.labels },
      ...(metadata && { annotations: metadata.annotations }),
    },
    spec: {
      group,
      names: {
        categories: kind.categories,
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        ...(kind.shortNames.length > 0 && { shortNames: kind.shortNames }),
        singular: kind.singular,
      },
      scope: kind.namespaced ? "Namespaced" : "Cluster",
      versions: [
        servedVersion(kind, version, schema),
        ...kind.unservedVersions.map((name) => unserved(kind, name, schema)),
      ],
    },
  };
  return { path: `deploy/crds/${group}_${kind.plural}.yaml`, text: header + stringify(crd, yamlOptions) };
}

const header = "# Made by scripts/generate.mjs from src/api/kinds and the providers' spec.ts; do not edit.\n";
const yamlOptions = { aliasDuplicateObjects: false, lineWidth: 0 };

/** The open `provider` of the kind, closed over the keys that are known. */
function joined(provider, properties) {
  const { "x-kubernetes-preserve-unknown-fields": _, ...rest } = provider;
  return { ...rest, properties };
}

function described(schema, description) {
  return { description, ...schema };
}

function servedVersion(kind, name, openAPIV3Schema) {
  return {
    name,
    served: true,
    storage: true,
    additionalPrinterColumns: kind.printerColumns,
    ...(kind.selectableFields.length > 0 && {
      selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })),
    }),
    schema: { openAPIV3Schema },
    subresources: { status: {} },
  };
}

/**
 * Listed so that an API server which stored objects as this version still accepts the CRD. What is stored as this
 * version gets this version's defaults when it is read, so the schema is the same.
 */
function unserved(kind, name, schema) {
  return {
    name,
    served: false,
    storage: false,
    deprecated: true,
    additionalPrinterColumns: kind.printerColumns,
    // An API server takes selectableFields of one version only where the schemas differ.
    schema: { openAPIV3Schema: { ...schema, description: "Not served any more." } },
    subresources: { status: {} },
  };
}
