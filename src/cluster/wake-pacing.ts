/** Items that one wake lets go in its first second; each second after lets go twice as many as the one before. */
export const firstSecond = 100;

/** Up to so much later, milliseconds: one that ends the provider each time would take those that go with it along for ever. */
export const wakeJitter = 250;

/**
 * When the item at `index` of a wake is due, in milliseconds after the wake, without jitter. Ten thousand items that waited for one
 * provider come back within seven seconds, and a provider that just came up is not buried in the first.
 */
export function wakeDelay(index: number): number {
  const second = Math.floor(Math.log2(index / firstSecond + 1));
  const before = firstSecond * (2 ** second - 1);
  return 1_000 * (second + (index - before) / (firstSecond * 2 ** second));
}
