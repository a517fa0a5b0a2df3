import { ProviderError, type Code } from "../../api/errors.ts";
import type { ObjectKey } from "../../cluster/cluster.ts";

/** Reason of a store's Ready condition when no provider could be found for it, or connected to. */
export type ResolutionReason =
  | "ProviderNotFound"
  | "ProviderNotApproved"
  | "ProviderUnavailable"
  | "CertificateInvalid";

const codes: Readonly<Record<ResolutionReason, Code>> = {
  ProviderNotFound: "InvalidConfig",
  ProviderNotApproved: "PermissionDenied",
  ProviderUnavailable: "Unavailable",
  CertificateInvalid: "InvalidConfig",
};

/** A store for which no provider could be found or connected to; none was called. The store's condition has its reason and message. */
export class ResolutionError extends ProviderError {
  readonly reason: ResolutionReason;
  /** The Service whose endpoints' coming mends it. */
  readonly service: ObjectKey | undefined;

  constructor(
    reason: ResolutionReason,
    message: string,
    options: ErrorOptions & { readonly service?: ObjectKey } = {},
  ) {
    super(codes[reason], message, options);
    this.reason = reason;
    this.service = options.service;
  }

  /** ProviderError's own test is true for each of its copies. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof ProviderError && "reason" in value;
  }
}
