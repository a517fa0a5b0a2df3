import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "../../cluster/clock.ts";
import { ClusterError, type ObjectKey } from "../../cluster/cluster.ts";
import { campaign, type CampaignNews } from "../../cluster/leader-election.ts";
import type { Leases } from "../../cluster/lease.ts";
import { errorTrail, type Logger } from "../../process/logs.ts";
import { leaseName, type ProcessSettings } from "./settings.ts";
import type { Terms } from "./terms.ts";

/** Serves a term each time that the Lease was won, until the process is asked to end. */
export async function leadWithLease(options: {
  readonly settings: ProcessSettings;
  readonly leases: Leases;
  readonly terms: Terms;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly systemNamespace: string;
}): Promise<void> {
  const { settings, leases, terms, logger, signal } = options;
  const key = { namespace: settings.leaderElectionNamespace ?? options.systemNamespace, name: leaseName(settings) };
  await campaign(
    {
      leases,
      key,
      identity: `${hostname()}_${randomUUID()}`,
      timing: settings,
      // Time of day that never jumps.
      clock: systemClock(() => performance.timeOrigin + performance.now()),
      signal,
      onNews: (news) => tell(logger, key, news),
    },
    (lost) => terms.serve(lost),
  );
}

function tell(logger: Logger, lease: ObjectKey, news: CampaignNews): void {
  switch (news.what) {
    case "waiting":
      return logger.info({ lease, holder: news.holder }, "another process holds the Lease: nothing is written");
    case "leading":
      return logger.info({ lease }, "the Lease is held");
    case "lost":
      return logger.warn({ lease }, "the Lease was lost: work stopped, and it is wanted again");
    case "released":
      return logger.info({ lease }, "the Lease is given back");
    case "failed": {
      const { error } = news;
      const why = error instanceof ClusterError ? { reason: error.message } : { error: errorTrail(error) };
      return logger.warn({ lease, ...why }, "a request for the Lease failed");
    }
  }
}
