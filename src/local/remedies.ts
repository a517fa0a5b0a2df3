import type { Code } from "../api/errors.ts";

/** What a user can do about a failure, by its code. */
export const remedies: Readonly<Record<Code, string>> = {
  NoSecret: "create it in the backend, or correct remoteRef (key, property, version) of the ExternalSecret",
  NotModified: "nothing: the backend has what is wanted already",
  InvalidConfig: "correct, or create, what the message names",
  PermissionDenied: "let the store's credentials read this in the backend",
  Unauthenticated: "correct the credentials that the store refers to: expired, revoked or of another backend",
  RateLimited: "wait, or raise refreshInterval: the backend asks for fewer calls",
  Conflict: "look who else writes this in the backend",
  Unavailable: "start, or mend, what the message names; where that is the backend, look at its address in the store",
  DeadlineExceeded: "look whether the backend is slow, or its address in the store leads nowhere",
  Cancelled: "run again",
  TooLarge: "read less: by property, or fewer keys",
  Unsupported: "use an operation that this provider has",
  Internal: "look into the log with --log-level debug; if it is a fault of the provider, report it",
};
