import { ProviderError } from "../../api/errors.ts";
import type { ApiServerTokens } from "./policy.ts";
import type { TokenRef } from "./tokens.ts";

/**
 * Throws PermissionDenied for a token without audiences, which opens the Kubernetes API, where none may be handed out.
 * That a provider asks for one at all is allowed by a mark in its spec, which whoever asks has looked at.
 */
export function refuseApiServerToken({ account, audiences }: TokenRef, policy: ApiServerTokens): void {
  if (audiences.length > 0 || policy === "Allow") return;
  throw new ProviderError(
    "PermissionDenied",
    `a token of ServiceAccount ${nameOf(account)} without audiences would open the Kubernetes API, and ` +
      "--api-server-tokens=Deny keeps such tokens from providers; set audiences that the backend accepts",
  );
}

/** Throws PermissionDenied for a token that opens the Kubernetes API though audiences were asked for. */
export function refuseDisguisedToken({ account, audiences }: TokenRef, token: string): void {
  if (audiences.length === 0 || !opensApiServer(token)) return;
  throw new ProviderError(
    "PermissionDenied",
    `the audiences of the token of ServiceAccount ${nameOf(account)} are the Kubernetes API's own, so it would open that; ` +
      "set audiences of the backend",
  );
}

/**
 * Whether one of a token's audiences is its issuer, which is the API server's own audience unless `--api-audiences` says
 * otherwise, or one of the API server's usual names.
 */
export function opensApiServer(token: string): boolean {
  const { iss, aud } = claimsOf(token);
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return audiences.some(
    (audience) => typeof audience === "string" && (audience === iss || apiServerNames.test(audience)),
  );
}

const apiServerNames = /^(?:https:\/\/)?kubernetes\.default(?:\.svc(?:\..*)?)?$/;

interface Claims {
  readonly iss?: unknown;
  readonly aud?: unknown;
}

/** The claims of a JWT (RFC 7519), unverified: the API server has just made it. */
function claimsOf(token: string): Claims {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null ? claims : {};
  } catch {
    return {};
  }
}

function nameOf({ namespace, name }: TokenRef["account"]): string {
  return JSON.stringify(`${namespace}/${name}`);
}
