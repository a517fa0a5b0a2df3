import type { ObjectKey } from "./cluster.ts";
import type { OwnerReference } from "./objects.ts";

/** A Secret that the certificate controller reads: its own, or one that has the name of one of its own. */
export interface CertificateSecret {
  readonly key: ObjectKey;
  readonly uid: string;
  /** Opaque: compare for equality only. */
  readonly resourceVersion: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** A Secret to be written. In a patch, labels, annotations and keys of `data` that are not named stay as they are. */
export interface CertificateSecretWrite {
  readonly key: ObjectKey;
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  /** null: taken off. */
  readonly annotations: Readonly<Record<string, string | null>>;
  /** The whole list. */
  readonly ownerReferences: readonly OwnerReference[];
  /** null: taken out. */
  readonly data: ReadonlyMap<string, Uint8Array | null>;
}
