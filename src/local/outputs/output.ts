import type { SecretObject } from "../../cluster/objects.ts";

/** What could not be written out, and why. Holds no value. */
export interface OutputProblem {
  /** NAMESPACE/NAME of the Secret; absent: nothing could be written. */
  readonly secret?: string;
  /** The key of the Secret; absent: the whole Secret. */
  readonly key?: string;
  /** For people: what is wrong and how to mend it. Not escaped yet. */
  readonly message: string;
}

/** Where Secrets go. */
export interface Output {
  /**
   * Writes out all Secrets there are; what was written for one that is not among them any more is removed. Never
   * rejects: what cannot be written is told, everything else is written.
   */
  write(secrets: readonly SecretObject[]): Promise<readonly OutputProblem[]>;
}

/** NAMESPACE/NAME. */
export function secretName(secret: SecretObject): string {
  return `${secret.metadata.namespace}/${secret.metadata.name}`;
}
