/** What a Ready condition says. */
export interface Ready {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** A condition as it stands in a status. */
export interface HeldCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

/** The Ready condition of a list, if it is there. */
export function readyOf(conditions: readonly HeldCondition[] | undefined): HeldCondition | undefined {
  return conditions?.find(({ type }) => type === "Ready");
}

/**
 * `conditions` with Ready as `next` says it, by ESO's rules: nothing changes when status, reason and message stand there
 * already; the time of transition changes only with the status; what is replaced moves to the end.
 * @param now milliseconds since the epoch
 */
export function withReady(
  conditions: readonly HeldCondition[] | undefined,
  next: Ready,
  now: number,
): readonly HeldCondition[] {
  const before = readyOf(conditions);
  const { status, reason, message } = next;
  if (before?.status === status && before.reason === reason && before.message === message) return conditions ?? [];
  const kept = before?.status === status ? before.lastTransitionTime : undefined;
  const others = (conditions ?? []).filter(({ type }) => type !== "Ready");
  return [...others, { type: "Ready", status, reason, message, lastTransitionTime: kept ?? timestamp(now) }];
}

/** RFC 3339 in whole seconds, as the API keeps times. */
export function timestamp(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
