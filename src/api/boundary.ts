import { ProviderError } from "./errors.ts";
import { abortError } from "./until-aborted.ts";

/** Runs an operation; whatever it throws leaves as a ProviderError, an abort of `signal` as Cancelled or DeadlineExceeded. */
export async function boundary<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortError(signal);
  try {
    return await operation();
  } catch (error) {
    if (signal.aborted && !(error instanceof ProviderError)) throw abortError(signal);
    throw ProviderError.from(error);
  }
}
