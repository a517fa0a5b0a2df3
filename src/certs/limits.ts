import type { Clock } from "../cluster/clock.ts";

/** Certificates a second, in all. */
const issuesPerSecond = 20;

/** Writes a second, and how many may come at once, for one namespace of a tenant. */
const tenantRate = { perSecond: 1, burst: 10 } as const;

/** What {@link IssueLimits} needs. */
export interface IssueLimitsOptions {
  readonly clock: Pick<Clock, "schedule">;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
}

/** How fast certificates are made, so that nobody who labels Services at will keeps others from theirs. */
export class IssueLimits {
  readonly #options: IssueLimitsOptions;
  /** Namespace -> when its bucket is full again, in monotonic milliseconds. */
  readonly #fullAt = new Map<string, number>();
  #nextTurn = 0;

  constructor(options: IssueLimitsOptions) {
    this.#options = options;
  }

  /** Takes a write of a tenant's namespace: 0, or in how many milliseconds there is one to take. */
  takeForTenant(namespace: string): number {
    const now = this.#options.monotonic();
    for (const [name, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(name);
    const each = 1_000 / tenantRate.perSecond;
    const fullAt = Math.max(now, this.#fullAt.get(namespace) ?? now) + each;
    const wait = fullAt - now - each * tenantRate.burst;
    if (wait > 0) return wait;
    this.#fullAt.set(namespace, fullAt);
    return 0;
  }

  /** Resolves when the next certificate may be made; in the order of calls. */
  async turn(): Promise<void> {
    const now = this.#options.monotonic();
    const at = Math.max(now, this.#nextTurn);
    this.#nextTurn = at + 1_000 / issuesPerSecond;
    if (at > now) await new Promise<void>((resolve) => this.#options.clock.schedule(at - now, resolve));
  }
}
