import type { ObjectKey } from "./cluster.ts";

/** What a Lease says (coordination.k8s.io/v1 LeaseSpec, the part that leader election uses). */
export interface LeaseRecord {
  /** Empty: nobody holds it. */
  readonly holder: string;
  readonly durationSeconds: number;
  /** Milliseconds since the epoch. */
  readonly acquiredAt: number;
  /** Milliseconds since the epoch, by the holder's clock: to be compared for equality only. */
  readonly renewedAt: number;
  /** How often it changed hands. */
  readonly transitions: number;
}

/** A Lease as the API has it. */
export interface HeldLease {
  readonly resourceVersion: string;
  readonly record: LeaseRecord;
}

/** The API's Leases. Each call is one request; rejects with ClusterError. */
export interface Leases {
  /** Undefined: there is none. */
  get(key: ObjectKey, signal: AbortSignal): Promise<HeldLease | undefined>;
  /** AlreadyExists when somebody else was faster. */
  create(key: ObjectKey, record: LeaseRecord, signal: AbortSignal): Promise<HeldLease>;
  /** Conflict when the Lease's resourceVersion is no longer `resourceVersion`. */
  update(key: ObjectKey, record: LeaseRecord, resourceVersion: string, signal: AbortSignal): Promise<HeldLease>;
}
