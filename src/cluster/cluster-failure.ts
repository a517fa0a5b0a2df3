import { ProviderError, type Code } from "../api/errors.ts";
import { ClusterError, type ClusterErrorReason } from "./cluster.ts";

const codes: Readonly<Record<ClusterErrorReason, Code>> = {
  NotFound: "Conflict",
  AlreadyExists: "Conflict",
  Conflict: "Conflict",
  Invalid: "InvalidConfig",
  Forbidden: "PermissionDenied",
  TooManyRequests: "Unavailable",
  Unavailable: "Unavailable",
  Gone: "Unavailable",
};

/** What a refused request means for whoever reconciles; Conflict: what was read is behind, read again. What is no refusal: ProviderError.from. */
export function clusterFailure(thrown: unknown): ProviderError {
  if (!(thrown instanceof ClusterError)) return ProviderError.from(thrown);
  return new ProviderError(codes[thrown.reason], thrown.message, { cause: thrown });
}
