import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** What the tests change of a CustomResourceDefinition. */
interface Crd {
  readonly metadata: object;
  readonly spec: { readonly versions: readonly CrdVersion[] };
}

interface CrdVersion {
  readonly name: string;
  readonly schema: object;
}

/** Our CRD of a kind of ESO's, as deploy/crds has it. */
export function ourCrd(plural: string): Crd {
  return parse(readFileSync(`deploy/crds/external-secrets.io_${plural}.yaml`, "utf8")) as Crd;
}

/**
 * The CRD as ESO has it: `stored` is the version that objects are stored in. While it was v1beta1 both were served;
 * since it is v1, v1beta1 is listed only.
 */
export function esoCrd(plural: string, stored: "v1beta1" | "v1"): Crd {
  const crd = ourCrd(plural);
  const versions = crd.spec.versions.map((version) => ({
    ...version,
    served: version.name === "v1" || stored === "v1beta1",
    storage: version.name === stored,
    schema: {
      openAPIV3Schema: { description: "ESO's.", type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
    selectableFields: [],
  }));
  const annotations = { "controller-gen.kubebuilder.io/version": "v0.19.0" };
  return { ...crd, metadata: { ...crd.metadata, annotations }, spec: { ...crd.spec, versions } };
}

/** The CRD with the versions of these names and no other. */
export function withVersions(crd: Crd, names: readonly string[]): Crd {
  return { ...crd, spec: { ...crd.spec, versions: crd.spec.versions.filter(({ name }) => names.includes(name)) } };
}
