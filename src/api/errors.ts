/** What can go wrong, as a closed list. Every error that leaves a provider, the adapter or the shim has one of these. */
export type Code =
  | "NoSecret"
  | "NotModified"
  | "InvalidConfig"
  | "PermissionDenied"
  | "Unauthenticated"
  | "RateLimited"
  | "Conflict"
  | "Unavailable"
  | "DeadlineExceeded"
  | "Cancelled"
  | "TooLarge"
  | "Unsupported"
  | "Internal";

/** What the queue does with an object that failed so: `backoff` tries again by itself, `after` waits `retryAfter` first,
 * `recovery` tries again by itself and at once when the provider is back. */
export type RetryRule = "backoff" | "after" | "recovery";

/** One row of {@link errorTable}. */
export interface ErrorRow {
  /** gRPC status code (https://grpc.github.io/grpc/core/md_doc_statuscodes.html), the fallback for peers without details. */
  readonly status: number;
  /** Reason of a store's Ready condition (ESO: InvalidProviderConfig; Outboard's own beside it). */
  readonly reason: string;
  readonly retry: RetryRule;
}

/** Code -> gRPC status, condition reason, retry rule: the one place where they are said. */
export const errorTable: Readonly<Record<Code, ErrorRow>> = {
  NoSecret: { status: 5, reason: "InvalidProviderConfig", retry: "backoff" },
  NotModified: { status: 9, reason: "InvalidProviderConfig", retry: "backoff" },
  InvalidConfig: { status: 3, reason: "InvalidProviderConfig", retry: "backoff" },
  PermissionDenied: { status: 7, reason: "InvalidProviderConfig", retry: "backoff" },
  Unauthenticated: { status: 16, reason: "InvalidProviderConfig", retry: "backoff" },
  RateLimited: { status: 8, reason: "InvalidProviderConfig", retry: "after" },
  Conflict: { status: 10, reason: "InvalidProviderConfig", retry: "backoff" },
  Unavailable: { status: 14, reason: "ProviderUnavailable", retry: "recovery" },
  DeadlineExceeded: { status: 4, reason: "ProviderUnavailable", retry: "recovery" },
  Cancelled: { status: 1, reason: "InvalidProviderConfig", retry: "backoff" },
  TooLarge: { status: 11, reason: "InvalidProviderConfig", retry: "backoff" },
  Unsupported: { status: 12, reason: "InvalidProviderConfig", retry: "backoff" },
  Internal: { status: 13, reason: "InvalidProviderConfig", retry: "backoff" },
};

/** Extra facts of a {@link ProviderError}. */
export interface ProviderErrorOptions {
  /** The error below; for logs of the process that made it, never sent over the wire. */
  readonly cause?: unknown;
  /** Milliseconds the backend asked us to wait (RateLimited; HTTP Retry-After). */
  readonly retryAfter?: number;
}

const brand = Symbol.for("outboard.ProviderError");

/**
 * The one error class. `message` is for people and never holds a secret value; `code` is for programs.
 * Branded with a registered symbol: a bundle has its own copy of this class and `instanceof` must hold across copies.
 */
export class ProviderError extends Error {
  readonly code: Code;
  readonly retryAfter: number | undefined;
  readonly [brand] = true;

  constructor(code: Code, message: string, options: ProviderErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProviderError";
    this.code = code;
    this.retryAfter = options.retryAfter;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }

  /**
   * Any thrown thing as a ProviderError, for boundaries only. Unknown errors become Internal with a fixed message: a
   * parser's or SDK's own text may quote a secret, so it travels as `cause` and no further than this process.
   */
  static from(thrown: unknown): ProviderError {
    if (thrown instanceof ProviderError) return thrown;
    if (thrown instanceof Error && thrown.name === "AbortError") {
      return new ProviderError("Cancelled", "the call was cancelled", { cause: thrown });
    }
    if (thrown instanceof Error && thrown.name === "TimeoutError") {
      return new ProviderError("DeadlineExceeded", "the call did not finish in time", { cause: thrown });
    }
    return new ProviderError("Internal", "unexpected error in the provider; its log has the details", {
      cause: thrown,
    });
  }
}
