import type { CertificateSecret, CertificateSecretWrite } from "../cluster/certificate-secret.ts";
import type { Change, EventRecord, ObjectKey } from "../cluster/cluster.ts";

/** A Service with the label `external-secrets.io/provider: "true"`. */
export interface LabelledService {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  /** It has a deletionTimestamp. */
  readonly deleting: boolean;
}

/** A Namespace: what decides where the Secrets of its Services go. */
export interface CertsNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** It is being deleted, and takes no new object. */
  readonly terminating: boolean;
}

/** The world as the certificate controller sees it: what it calls and no more. Rejects with ClusterError. */
export interface CertsCluster {
  /** All labelled Services, of a synced view. */
  services(): readonly LabelledService[];
  namespace(name: string): CertsNamespace | undefined;
  /** A live read; undefined: it does not exist. Forbidden, where the admission policy says so: a Secret of somebody else. */
  read(key: ObjectKey, signal: AbortSignal): Promise<CertificateSecret | undefined>;
  /** AlreadyExists when there is one. */
  create(write: CertificateSecretWrite, signal: AbortSignal): Promise<CertificateSecret>;
  /** A merge patch. Conflict when the Secret's resourceVersion is no longer `resourceVersion`, NotFound when it is gone. */
  patch(write: CertificateSecretWrite, resourceVersion: string, signal: AbortSignal): Promise<CertificateSecret>;
  /** Records an event on a Service. */
  event(service: LabelledService, event: EventRecord): void;
  /** Hears changes of "Service", "Namespace" and "Secret" (those of fixed names). Returns what ends it. */
  watch(listener: (change: Change) => void): () => void;
}
