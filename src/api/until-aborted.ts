import { ProviderError } from "./errors.ts";

/**
 * `promise`, or a ProviderError (Cancelled, DeadlineExceeded) as soon as `signal` aborts: legacy code may not listen.
 * What comes later is dropped.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: settled, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(abortError(signal));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  promise.then(resolve, reject);
  try {
    return await settled;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Why `signal` aborted, as ProviderError. A reason that is neither ours nor a timeout is a cancellation. */
export function abortError(signal: AbortSignal): ProviderError {
  const error = ProviderError.from(signal.reason);
  return error === signal.reason || error.code !== "Internal"
    ? error
    : new ProviderError("Cancelled", "the call was cancelled");
}
