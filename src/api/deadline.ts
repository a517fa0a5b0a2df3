const deadlineKey = Symbol.for("outboard.deadline");

/**
 * Does `work` with a signal that aborts with `parent`, and with a TimeoutError after `milliseconds`. What it aborts at
 * travels with it, so that the wire can tell the other side; a parent's earlier deadline wins. The timer and the listener
 * end with `work`: AbortSignal.any and .timeout hold weak references, and collecting those costs more than the rest of a
 * request.
 */
export async function withinDeadline<Result>(
  parent: AbortSignal,
  milliseconds: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const at = Math.min(Date.now() + milliseconds, deadlineOf(parent) ?? Number.POSITIVE_INFINITY);
  const ended = new AbortController();
  const cancel = () => ended.abort(parent.reason);
  const late = () => ended.abort(new DOMException("the deadline passed", "TimeoutError"));
  const timer = setTimeout(late, milliseconds);
  if (parent.aborted) cancel();
  else parent.addEventListener("abort", cancel);
  try {
    return await work(Object.assign(ended.signal, { [deadlineKey]: at }));
  } finally {
    clearTimeout(timer);
    parent.removeEventListener("abort", cancel);
  }
}

/** When `signal` will abort by itself, milliseconds since the epoch; undefined: it has no deadline. */
export function deadlineOf(signal: AbortSignal): number | undefined {
  return (signal as AbortSignal & { readonly [deadlineKey]?: number })[deadlineKey];
}
