import { isDeepStrictEqual } from "node:util";
import type { HeldLease, LeaseRecord } from "./lease.ts";

/** Durations of leader election in milliseconds, client-go's by default. */
export interface LeaseTiming {
  /** How long others wait for a holder that is not heard of. */
  readonly leaseDuration: number;
  /** How long a holder tries to renew before it gives up; shorter than `leaseDuration`. */
  readonly renewDeadline: number;
  /** Time between two tries. */
  readonly retryPeriod: number;
}

/** A Lease, and since when it has said just this, by our own clock: clocks of others are not trusted. */
export interface Observation {
  readonly lease: HeldLease;
  readonly since: number;
}

/** What is seen now, given what was seen before: a record that did not change ages. */
export function observe(before: Observation | undefined, lease: HeldLease, now: number): Observation {
  const isSame = before !== undefined && isDeepStrictEqual(before.lease.record, lease.record);
  return { lease, since: isSame ? before.since : now };
}

/** What to do with a Lease. */
export type LeaseStep =
  | { readonly step: "create"; readonly record: LeaseRecord }
  | { readonly step: "update"; readonly record: LeaseRecord; readonly resourceVersion: string }
  /** Somebody else holds it. */
  | { readonly step: "wait"; readonly holder: string };

/** client-go's rules: take what is free or has not been renewed for its own duration, renew what is ours. */
export function leaseStep(
  seen: Observation | undefined,
  { identity, timing, now }: { readonly identity: string; readonly timing: LeaseTiming; readonly now: number },
): LeaseStep {
  const durationSeconds = Math.ceil(timing.leaseDuration / 1_000);
  const taken = { holder: identity, durationSeconds, acquiredAt: now, renewedAt: now };
  if (seen === undefined) return { step: "create", record: { ...taken, transitions: 0 } };
  const { record, resourceVersion } = seen.lease;
  if (record.holder === identity) {
    const { acquiredAt, transitions } = record;
    return { step: "update", record: { ...taken, acquiredAt, transitions }, resourceVersion };
  }
  const isHeld = record.holder !== "" && seen.since + record.durationSeconds * 1_000 > now;
  if (isHeld) return { step: "wait", holder: record.holder };
  return { step: "update", record: { ...taken, transitions: record.transitions + 1 }, resourceVersion };
}

/** A Lease that is given back: nobody holds it, and nobody has to wait (client-go's release). */
export function released(record: LeaseRecord, now: number): LeaseRecord {
  return { ...record, holder: "", durationSeconds: 1, acquiredAt: now, renewedAt: now };
}
