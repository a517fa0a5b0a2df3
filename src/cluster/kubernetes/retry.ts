/** Why an attempt gave no answer to use. */
export interface FailedAttempt {
  readonly method: string;
  /** HTTP status; undefined: the connection failed. */
  readonly status?: number;
  /** What the `Retry-After` header asks for, milliseconds. */
  readonly retryAfter?: number;
  /** How often it was tried, this time included. */
  readonly tries: number;
}

/** Tries of a request that the server puts off (client-go's ten retries), and of a read that fails. */
const mostTries = { putOff: 11, failed: 4 } as const;

/**
 * How long to wait before the request is sent again, milliseconds; undefined: the caller has to know. As Kubernetes' own
 * clients: what the server put off (429, or 5xx with Retry-After) was not carried out, so anything may be sent again; a
 * read also after other failures. A write whose fate is unknown is the caller's to look into.
 * @param random a number in [0, 1)
 */
export function retryPause({ method, status, retryAfter, tries }: FailedAttempt, random: number): number | undefined {
  const isServerError = status !== undefined && status >= 500;
  if (status === 429 || (isServerError && retryAfter !== undefined)) {
    return tries < mostTries.putOff ? (retryAfter ?? 1_000) * (1 + random / 4) : undefined;
  }
  if (method !== "GET" || (status !== undefined && !isServerError)) return undefined;
  return tries < mostTries.failed ? 100 * 2 ** (tries - 1) * (1 + random) : undefined;
}

/** Milliseconds that a `Retry-After` header asks for; the API server's are whole seconds. */
export function retryAfterOf(header: string | string[] | undefined): number | undefined {
  const seconds = /^\d{1,5}$/.exec(String(header ?? ""));
  return seconds === null ? undefined : Number(seconds[0]) * 1_000;
}
