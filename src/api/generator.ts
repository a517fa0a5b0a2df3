import type { SecretMap } from "./provider.ts";

/** What {@link Generator.generate} made: the values, and a state (raw JSON) that `cleanup` needs, if there is one. */
export interface Generated {
  readonly values: SecretMap;
  readonly state?: Uint8Array;
}

/** ESO's Generator: makes new values instead of reading existing ones. */
export interface Generator {
  readonly kind: string;
  generate(spec: unknown, namespace: string, signal: AbortSignal): Promise<Generated>;
  /** Undoes `generate`; safe to repeat. */
  cleanup(spec: unknown, state: Uint8Array, namespace: string, signal: AbortSignal): Promise<void>;
}
