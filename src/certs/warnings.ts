import type { CertsCluster, LabelledService } from "./cluster.ts";

/** Milliseconds between two warnings about one Service. */
const interval = 10 * 60_000;

/** Warning events on Services, one at most of each in ten minutes. */
export class Warnings {
  readonly #cluster: Pick<CertsCluster, "event">;
  readonly #monotonic: () => number;
  /** UID of a Service -> when the next may come. */
  readonly #next = new Map<string, number>();

  /** @param monotonic milliseconds that never jump */
  constructor(cluster: Pick<CertsCluster, "event">, monotonic: () => number) {
    this.#cluster = cluster;
    this.#monotonic = monotonic;
  }

  warn(service: LabelledService, reason: string, message: string): void {
    const now = this.#monotonic();
    if ((this.#next.get(service.uid) ?? now) > now) return;
    // In the order of time, so what has passed stands first.
    for (const [uid, at] of this.#next) {
      if (at > now) break;
      this.#next.delete(uid);
    }
    this.#next.set(service.uid, now + interval);
    this.#cluster.event(service, { type: "Warning", reason, message });
  }
}
