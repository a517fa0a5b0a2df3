import { ProviderError, type Code } from "../api/errors.ts";
import { foreignText } from "./foreign-text.ts";

/** An HTTP status (RFC 9110) as one of our codes; for 400 and above. */
export function codeOfStatus(status: number): Code {
  switch (status) {
    case 401:
    case 407:
      return "Unauthenticated";
    case 403:
      return "PermissionDenied";
    case 404:
    case 410:
      return "NoSecret";
    case 405:
    case 501:
      return "Unsupported";
    case 408:
      return "Unavailable";
    case 409:
    case 412:
      return "Conflict";
    case 413:
      return "TooLarge";
    case 429:
      return "RateLimited";
    default:
      return status >= 500 ? "Unavailable" : "InvalidConfig";
  }
}

/** What {@link statusError} says. */
export interface StatusErrorOptions {
  /** What failed, for people: "cannot read secret data from Vault". */
  readonly what: string;
  readonly status: number;
  /** The backend's own error texts; they must hold no values. */
  readonly details?: readonly string[];
  readonly retryAfter?: number;
  /** Instead of {@link codeOfStatus}. */
  readonly code?: Code;
}

/** The error of an answer with a status of 400 or more. */
export function statusError({ what, status, details = [], retryAfter, code }: StatusErrorOptions): ProviderError {
  const said = details.length === 0 ? "" : `: ${foreignText(details.join("; "))}`;
  const options = retryAfter === undefined ? {} : { retryAfter };
  return new ProviderError(code ?? codeOfStatus(status), `${what}: status ${status}${said}`, options);
}

/** The `Retry-After` header (RFC 9110 10.2.3, seconds or a date) in milliseconds from `now`; undefined: none or nonsense. */
export function retryAfterOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/**
 * What undici, TLS or a socket threw, as ours; `host` is the only part of the address that the message names. The
 * thrown error itself travels as `cause`.
 */
export function networkError(thrown: unknown, host: string): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  const [code, cause] = codeAndCause(thrown);
  const trouble = troubles.find(({ codes }) => codes.test(code));
  if (trouble !== undefined) return new ProviderError(trouble.code, `${host}: ${trouble.text} (${code})`, { cause });
  return new ProviderError("Unavailable", `${host}: the connection failed${code === "" ? "" : ` (${code})`}`, {
    cause,
  });
}

const troubles: readonly { readonly codes: RegExp; readonly code: Code; readonly text: string }[] = [
  { codes: /^ECONNREFUSED$/, code: "Unavailable", text: "the connection was refused" },
  { codes: /^(?:ENOTFOUND|EAI_\w+)$/, code: "Unavailable", text: "the name cannot be resolved" },
  { codes: /^(?:ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/, code: "Unavailable", text: "it did not answer in time" },
  { codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/, code: "InvalidConfig", text: "its certificate is for another name" },
  {
    codes: /CERT|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH/,
    code: "InvalidConfig",
    text: "its certificate is not trusted; check the CA bundle",
  },
  {
    codes: /^(?:EPROTO|ERR_SSL_\w+)$/,
    code: "InvalidConfig",
    text: "TLS failed; check the scheme, port and TLS settings",
  },
  { codes: /^(?:HPE_|HTTPParserError$)/, code: "Unavailable", text: "what it answered is not HTTP" },
  {
    codes: /^UND_ERR_INVALID_ARG$/,
    code: "InvalidConfig",
    text: "the request cannot be sent; check address and headers",
  },
];

function codeAndCause(thrown: unknown): readonly [string, unknown] {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    // Happy eyeballs: one error for each address that was tried.
    const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
    const code = "code" in error ? error.code : first instanceof Error && "code" in first ? first.code : undefined;
    if (typeof code === "string" && code !== "") return [code, thrown];
    // What does not even begin like an answer gets no code from the parser.
    if (error.name === "HTTPParserError") return [error.name, thrown];
  }
  return ["", thrown];
}
