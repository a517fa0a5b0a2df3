import type { TSchema } from "typebox";

/** One `additionalPrinterColumns` entry of a CRD. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date";
  readonly jsonPath: string;
}

/**
 * A kind as a CRD says it: names, columns and the schemas of `spec` and `status` as TypeBox literals. `generate.mjs`
 * makes the CRD from it; it also is a kind as controllers name it (apiVersion, kind, namespaced).
 */
export interface KindDefinition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** What the API server shows for the kind itself. */
  readonly description: string;
  readonly printerColumns: readonly PrinterColumn[];
  /** JSON paths that a field selector may use. */
  readonly selectableFields: readonly string[];
  readonly spec: TSchema;
  /** An object without a spec is refused; ESO's kinds accept one. */
  readonly requiresSpec?: true;
  readonly status: TSchema;
  /** Older versions that objects may have been stored in: listed, deprecated, never served. */
  readonly unservedVersions: readonly string[];
}
