import { ClusterError } from "./cluster.ts";
import type { CampaignOptions } from "./leader-election.ts";
import type { HeldLease } from "./lease.ts";
import { leaseStep, observe, released, type Observation } from "./lease-rules.ts";

/** The time for which a Lease is ours. */
export interface Term {
  /** Aborts when the Lease is not ours any more, or may not be. */
  readonly lost: AbortSignal;
  stopRenewing(): Promise<void>;
}

/** One that wants a Lease: what it has seen of it, and its requests. */
export class Candidate {
  readonly #options: CampaignOptions;
  #seen: Observation | undefined;
  #holder: string | undefined;
  /** When the request was sent that last made the Lease ours. */
  #renewedAt = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
  }

  /** Waits until the Lease is ours; false: we are to end. */
  async acquire(): Promise<boolean> {
    const { timing, signal, random = Math.random } = this.#options;
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) === "ours") return true;
      // Up to a fifth later, so that candidates that began together do not ask together.
      await this.#pause(timing.retryPeriod * (1 + random() / 5), signal);
    }
    return false;
  }

  /** Renews what was acquired, until it is stopped or lost. */
  startRenewing(): Term {
    const { timing, clock } = this.#options;
    const lost = new AbortController();
    const stopped = new AbortController();
    const ended = AbortSignal.any([stopped.signal, lost.signal]);
    const untilDeadline = () => Math.max(0, this.#renewedAt + timing.renewDeadline - clock.now());
    let cancelDeadline = clock.schedule(untilDeadline(), () => lost.abort());
    const renew = async () => {
      for (;;) {
        await this.#pause(timing.retryPeriod, ended);
        if (ended.aborted) return;
        const lease = await this.#attempt(ended);
        // An answer after the deadline came too late: work was stopped.
        if (ended.aborted) return;
        if (lease === "another's") return lost.abort();
        if (lease !== "ours") continue;
        cancelDeadline();
        cancelDeadline = clock.schedule(untilDeadline(), () => lost.abort());
      }
    };
    const renewing = renew();
    return {
      lost: lost.signal,
      stopRenewing: async () => {
        stopped.abort();
        await renewing;
        cancelDeadline();
      },
    };
  }

  /** Gives the Lease back; where that fails it runs out by itself. */
  async release(): Promise<void> {
    const { leases, key, identity, timing, clock, onNews } = this.#options;
    const { signal, cancel } = this.#within(timing.retryPeriod);
    try {
      // Looked at again: a renewal may have been cut off after it was written.
      const lease = await leases.get(key, signal);
      this.#seen = undefined;
      if (lease?.record.holder !== identity) return;
      await leases.update(key, released(lease.record, clock.now()), lease.resourceVersion, signal);
      onNews({ what: "released" });
    } catch (error) {
      onNews({ what: "failed", error });
    } finally {
      cancel();
    }
  }

  async #attempt(ended: AbortSignal): Promise<"ours" | "another's" | "unknown"> {
    // Half of it, so that a connection that hangs leaves time for another try.
    const { signal, cancel } = this.#within(this.#options.timing.renewDeadline / 2, ended);
    try {
      return (await this.#renewUnseen(signal)) || (await this.#look(signal)) ? "ours" : "another's";
    } catch (error) {
      if (!isRace(error) && !ended.aborted) this.#options.onNews({ what: "failed", error });
      return "unknown";
    } finally {
      cancel();
    }
  }

  /** What is ours is renewed without looking at it first; false: it was not, or somebody changed it. */
  async #renewUnseen(signal: AbortSignal): Promise<boolean> {
    if (this.#seen?.lease.record.holder !== this.#options.identity) return false;
    try {
      return await this.#take(signal);
    } catch (error) {
      if (error instanceof ClusterError && ["Conflict", "NotFound"].includes(error.reason)) return false;
      throw error;
    }
  }

  async #look(signal: AbortSignal): Promise<boolean> {
    const { leases, key, clock } = this.#options;
    const lease = await leases.get(key, signal);
    this.#seen = lease && observe(this.#seen, lease, clock.now());
    return this.#take(signal);
  }

  /** Takes or renews the Lease as it was seen; false: it is another's. */
  async #take(signal: AbortSignal): Promise<boolean> {
    const { leases, key, identity, timing, clock } = this.#options;
    // From before the request: others count from when it was written, which is later.
    const sentAt = clock.now();
    const next = leaseStep(this.#seen, { identity, timing, now: sentAt });
    if (next.step === "wait") {
      this.#tellHolder(next.holder);
      return false;
    }
    const lease: HeldLease =
      next.step === "create"
        ? await leases.create(key, next.record, signal)
        : await leases.update(key, next.record, next.resourceVersion, signal);
    this.#seen = observe(this.#seen, lease, clock.now());
    this.#renewedAt = sentAt;
    this.#holder = undefined;
    return true;
  }

  #tellHolder(holder: string): void {
    if (this.#holder === holder) return;
    this.#holder = holder;
    this.#options.onNews({ what: "waiting", holder });
  }

  #within(timeout: number, parent?: AbortSignal): { readonly signal: AbortSignal; readonly cancel: () => void } {
    const timeUp = new AbortController();
    const cancel = this.#options.clock.schedule(timeout, () => timeUp.abort());
    return { signal: parent === undefined ? timeUp.signal : AbortSignal.any([parent, timeUp.signal]), cancel };
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    const cancel = this.#options.clock.schedule(milliseconds, end);
    signal.addEventListener("abort", end);
    await promise;
    cancel();
    signal.removeEventListener("abort", end);
  }
}

/** Somebody else was faster: the next look says who. */
function isRace(error: unknown): boolean {
  return error instanceof ClusterError && ["Conflict", "AlreadyExists"].includes(error.reason);
}
