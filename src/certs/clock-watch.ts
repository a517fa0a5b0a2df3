import type { Clock } from "../cluster/clock.ts";

/** How often the two clocks are compared, and by how much they may differ then: milliseconds. */
const period = 3_000;
const tolerance = 2_000;

/**
 * Calls `onJump` when the time of day went another way than time itself: the clock was set, or the machine slept. What
 * was computed from the time of day before is wrong then. Returns what ends it.
 * @param monotonic milliseconds that never jump
 */
export function watchClock(clock: Clock, monotonic: () => number, onJump: (milliseconds: number) => void): () => void {
  let offset = clock.now() - monotonic();
  let cancel = clock.schedule(period, look);
  function look(): void {
    const jump = clock.now() - monotonic() - offset;
    // Also when it did not jump: what NTP slews a little at a time adds up to no jump.
    offset += jump;
    cancel = clock.schedule(period, look);
    if (Math.abs(jump) > tolerance) onJump(jump);
  }
  return () => cancel();
}
