import { statusError } from "../../sdk/http-errors.ts";
import type { HttpResponse } from "../../sdk/http.ts";
import { member, parseJsonBytes, stringOf, type RawJson } from "../../sdk/raw-json.ts";
import { ProviderError, type Code } from "../../api/errors.ts";

/** An answer of Vault's HTTP API (https://developer.hashicorp.com/vault/api-docs#the-response). */
export interface VaultResponse {
  readonly status: number;
  /** The whole JSON body; undefined when there is none. */
  readonly body: RawJson | undefined;
  readonly data: RawJson | undefined;
  /** Vault's own error texts; they hold no values. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly retryAfter: number | undefined;
}

/** Reads an answer. Throws Unavailable when one of success is no JSON: something else answers at `host`. */
export function readResponse({ status, body: bytes, retryAfter }: HttpResponse, host: string): VaultResponse {
  const body = bytes.length === 0 ? undefined : parseJsonBytes(bytes);
  if (status < 300 && bytes.length > 0 && body === undefined) {
    throw new ProviderError(
      "Unavailable",
      `${host}: what answered with status ${status} is not Vault: its answer is not JSON`,
    );
  }
  return {
    status,
    body,
    data: member(body, "data"),
    errors: strings(member(body, "errors")),
    warnings: strings(member(body, "warnings")),
    retryAfter,
  };
}

/** A status of 400 or more as an error that begins with `what`. A sealed or standby Vault is Unavailable (503, 472, 473). */
export function responseError(response: VaultResponse, what: string, code?: Code): ProviderError {
  const { status, errors, warnings, retryAfter } = response;
  const chosen = code ?? exception(response);
  return statusError({
    what,
    status,
    details: [...errors, ...warnings].map((text) => text.trim().replaceAll(/\s+/g, " ")),
    ...(chosen !== undefined && { code: chosen }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

function exception({ status, errors }: VaultResponse): Code | undefined {
  if (status === 472 || status === 473) return "Unavailable";
  return status === 400 && errors.some((text) => text.includes("check-and-set")) ? "Conflict" : undefined;
}

function strings(value: RawJson | undefined): readonly string[] {
  return value?.kind === "array" ? value.items.flatMap((item) => stringOf(item) ?? []) : [];
}
