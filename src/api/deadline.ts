const deadlineKey = Symbol.for("outboard.deadline");

/**
 * A signal that aborts with `parent`, and with a TimeoutError after `milliseconds`. What it aborts at travels with it,
 * so that the wire can tell the other side; a parent's earlier deadline wins.
 */
export function withDeadline(parent: AbortSignal, milliseconds: number): AbortSignal {
  const at = Math.min(Date.now() + milliseconds, deadlineOf(parent) ?? Number.POSITIVE_INFINITY);
  const signal = AbortSignal.any([parent, AbortSignal.timeout(milliseconds)]);
  return Object.assign(signal, { [deadlineKey]: at });
}

/** When `signal` will abort by itself, milliseconds since the epoch; undefined: it has no deadline. */
export function deadlineOf(signal: AbortSignal): number | undefined {
  return (signal as AbortSignal & { readonly [deadlineKey]?: number })[deadlineKey];
}
