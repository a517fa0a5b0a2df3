// Apart from schema.ts, whose TypeBox has no place in a provider's bundle.

/**
 * Keywords of ours in a schema, plain JSON so that they survive serialisation. `generate.mjs` strips them from CRDs.
 * `x-outboard-ref` marks what refers to Kubernetes, `x-outboard-unbuilt` a field of ESO that is not built yet.
 */
export const refKeyword = "x-outboard-ref";
/** See {@link refKeyword}. */
export const unbuiltKeyword = "x-outboard-unbuilt";

/** What kinds of Kubernetes object a marked path can refer to. */
export const referenceKinds = ["Secret", "ConfigMap", "ServiceAccount", "CAProvider"] as const;

/** What kind of Kubernetes object a marked path refers to. */
export type ReferenceKind = (typeof referenceKinds)[number];

/** The value of {@link refKeyword}. */
export interface ReferenceMark {
  readonly kind: ReferenceKind;
  /** Key read when the user names none. */
  readonly defaultKey?: string;
  /** Audiences of the token when the user names none. */
  readonly audiences?: readonly string[];
  /**
   * Field beside the reference that names audiences too, `audiences` when it is not set; asked for are those and the
   * reference's own (ESO's `jwt.kubernetesServiceAccountToken` of Vault).
   */
  readonly audiencesField?: string;
  /** Without audiences the token is one for the API server itself (Vault's Kubernetes auth, as ESO). */
  readonly apiServerToken?: boolean;
}
