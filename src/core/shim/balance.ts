/** A connection that a call could go to. */
export interface Candidate {
  /** grpc-js's name of the channel's state, "READY". */
  readonly state: string;
  /** What its peer answered when it was asked for its health; undefined: nothing yet, which counts as yes. */
  readonly serving: boolean | undefined;
  /** How many use it now. */
  readonly users: number;
  /** Grows with each use: the least was used longest ago. */
  readonly lastUse: number;
}

/**
 * The connection that takes the next call: of those that are ready and serve, the one with the fewest users, of equal
 * ones that which was used longest ago. Without such one, one that may become so soonest. Undefined: there are none.
 */
export function chooseConnection<T extends Candidate>(candidates: readonly T[]): T | undefined {
  return candidates.toSorted(
    (left, right) => rank(left) - rank(right) || left.users - right.users || left.lastUse - right.lastUse,
  )[0];
}

function rank({ state, serving }: Candidate): number {
  if (state === "READY") return serving === false ? 2 : 0;
  return state === "TRANSIENT_FAILURE" ? 3 : 1;
}
