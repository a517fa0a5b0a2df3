import type { Clock } from "./clock.ts";
import type { ObjectKey } from "./cluster.ts";
import { Candidate } from "./candidate.ts";
import type { Leases } from "./lease.ts";
import type { LeaseTiming } from "./lease-rules.ts";

/** What {@link campaign} needs. */
export interface CampaignOptions {
  readonly leases: Leases;
  readonly key: ObjectKey;
  /** Who we are among all that want the Lease. */
  readonly identity: string;
  readonly timing: LeaseTiming;
  /** Must not jump: leadership is a matter of durations. */
  readonly clock: Clock;
  /** Aborts when we are to end. */
  readonly signal: AbortSignal;
  readonly onNews: (news: CampaignNews) => void;
  /** A number in [0, 1), for jitter. */
  readonly random?: () => number;
}

/** What there is to tell of a campaign. */
export type CampaignNews =
  /** Another has the Lease; told once for each holder. */
  | { readonly what: "waiting"; readonly holder: string }
  | { readonly what: "leading" }
  | { readonly what: "lost" }
  | { readonly what: "released" }
  /** A request failed; it is tried again. */
  | { readonly what: "failed"; readonly error: unknown };

/**
 * Leads while the Lease is ours: runs `lead` each time that it was won. `lost` aborts when the Lease was not renewed in
 * time or is another's; `lead` then ends at once and writes nothing more, and we are a candidate again. When `signal`
 * aborts, `lead` ends in its own time; the Lease is renewed until it has, and then given back.
 */
export async function campaign(options: CampaignOptions, lead: (lost: AbortSignal) => Promise<void>): Promise<void> {
  const { signal, onNews } = options;
  const candidate = new Candidate(options);
  while (await candidate.acquire()) {
    onNews({ what: "leading" });
    const term = candidate.startRenewing();
    try {
      await lead(term.lost);
    } finally {
      await term.stopRenewing();
    }
    if (!term.lost.aborted) await candidate.release();
    else onNews({ what: "lost" });
    if (signal.aborted) return;
  }
}
