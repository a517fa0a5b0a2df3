import type { ServerUnaryCall } from "@grpc/grpc-js";

/** When the work for a call is to stop. */
export interface CallSignals {
  /** For the provider: aborts when the client cancels, its connection ends or its deadline is near. */
  readonly signal: AbortSignal;
  /** The same, but at the deadline itself: for what puts together what was finished by then. */
  readonly end: () => AbortSignal;
  /** The call has its answer. What the provider still does for one that failed is to stop. */
  readonly finish: (outcome: "answered" | "failed") => void;
}

/** Longest call of a client that gave no deadline, milliseconds. */
const longestCall = 120_000;

/** Milliseconds before the deadline at which a call stops, so that what is finished, or who was slow, is still told. */
const margin = 500;

/**
 * The signals of a call. Controllers and timers of its own, ended with the call: AbortSignal.any and .timeout hold weak
 * references, and collecting those costs more than the rest of the call.
 */
export function callSignals(call: ServerUnaryCall<unknown, unknown>): CallSignals {
  const given = Number(call.getDeadline());
  const deadline = Number.isFinite(given) ? given : Date.now() + longestCall;
  const left = Math.max(0, deadline - Date.now());
  const work = new AbortController();
  const near = setTimeout(() => work.abort(timeout()), Math.max(left - margin, Math.floor(left / 2)));
  let end: AbortController | undefined;
  let late: NodeJS.Timeout | undefined;
  const clear = () => {
    clearTimeout(near);
    clearTimeout(late);
  };
  // grpc-js says so at the deadline as well, and after each call.
  const cancelled = () => {
    clear();
    const reason = Date.now() >= deadline ? timeout() : undefined;
    work.abort(reason);
    end?.abort(reason);
  };
  if (call.cancelled) cancelled();
  else call.once("cancelled", cancelled);
  return {
    signal: work.signal,
    // Made when asked for: few methods need it.
    end: () => {
      if (work.signal.aborted) return work.signal;
      end ??= new AbortController();
      late ??= setTimeout(() => end?.abort(timeout()), left);
      return end.signal;
    },
    finish: (outcome) => {
      call.off("cancelled", cancelled);
      clear();
      if (outcome === "failed") work.abort();
    },
  };
}

function timeout(): DOMException {
  return new DOMException("the call's deadline passed", "TimeoutError");
}
