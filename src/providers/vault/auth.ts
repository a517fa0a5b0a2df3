import { ProviderError } from "../../api/errors.ts";
import type { Context } from "../../api/provider.ts";
import { createLease, type Leased } from "../../sdk/lease.ts";
import { member, stringOf, type RawJson } from "../../sdk/raw-json.ts";
import type { Send } from "./connection.ts";
import { loginOf, readPodToken, text, type Login } from "./logins.ts";
import { responseError } from "./response.ts";
import type { VaultSpec } from "./spec.ts";

/** The token of a store. */
export interface Auth {
  /** Whether a refused token can be replaced by logging in again. */
  readonly canLogIn: boolean;
  /** The token to send; empty: none (a proxy adds it). */
  token(signal: AbortSignal): Promise<string>;
  /** Whether Vault knows the token (lookup-self). */
  isValid(token: string, signal: AbortSignal): Promise<boolean>;
  /** Vault refused the token. True: the next call of `token` gives another. */
  refused(token: string): boolean;
  /** Revokes a token that came from a login; errors are dropped, it ends by itself. */
  end(signal: AbortSignal): Promise<void>;
}

/** What {@link createAuth} needs. */
export interface AuthOptions {
  readonly spec: VaultSpec;
  readonly credentials: Context;
  readonly send: Send;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** The login that a spec asks for. Nothing is sent before the first use. Rejects with InvalidConfig when there is none. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { spec, credentials, signal } = options;
  const { auth } = spec;
  if (auth === undefined) return constant("", options);
  if (auth.tokenSecretRef !== undefined) return constant(await text(credentials, auth.tokenSecretRef, signal), options);
  const login = loginOf(auth, { credentials, podToken: readPodToken });
  if (login === undefined) {
    throw new ProviderError("InvalidConfig", "cannot initialize Vault client: no valid auth method specified");
  }
  // What is wrong with its references is said here, before anything is asked of Vault.
  await login(signal);
  return leased(login, options);
}

function constant(token: string, options: AuthOptions): Auth {
  return {
    canLogIn: false,
    token: async () => token,
    isValid: (asked, signal) => lookUpSelf(asked, options, signal),
    refused: () => false,
    end: async () => {},
  };
}

function leased(login: (signal: AbortSignal) => Promise<Login>, options: AuthOptions): Auth {
  const { send, now } = options;
  const namespace = authNamespace(options);
  const lease = createLease<string>({
    now,
    acquire: async (signal) => {
      const { path, body } = await login(signal);
      const response = await send({ method: "POST", path, body }, { token: "", namespace }, signal);
      const refused = response.status === 400 || response.status === 403;
      if (response.status >= 400) {
        throw responseError(response, "cannot log in to Vault", refused ? "Unauthenticated" : undefined);
      }
      return leaseOf(response.body);
    },
    renew: async (token, signal) => {
      const request = { method: "POST", path: "auth/token/renew-self", body: "{}" } as const;
      const response = await send(request, { token, namespace }, signal);
      if (response.status >= 400) throw responseError(response, "cannot renew the Vault token");
      return leaseOf(response.body);
    },
  });
  return {
    canLogIn: true,
    token: (signal) => lease.get(signal),
    isValid: (token, signal) => lookUpSelf(token, options, signal),
    refused: (token) => lease.refused(token),
    end: async (signal) => {
      const token = lease.end();
      if (token === undefined) return;
      await send({ method: "POST", path: "auth/token/revoke-self" }, { token, namespace }, signal).catch(
        () => undefined,
      );
    },
  };
}

async function lookUpSelf(token: string, options: AuthOptions, signal: AbortSignal): Promise<boolean> {
  const identity = { token, namespace: authNamespace(options) };
  const response = await options.send({ method: "GET", path: "auth/token/lookup-self" }, identity, signal);
  if (response.status < 400) return true;
  if (response.status === 400 || response.status === 401 || response.status === 403) return false;
  throw responseError(response, "cannot look up the Vault token");
}

function leaseOf(body: RawJson | undefined): Leased<string> {
  const auth = member(body, "auth");
  const value = stringOf(member(auth, "client_token"));
  if (value === undefined) throw new ProviderError("Unavailable", "Vault's answer to the login has no token");
  const seconds = Number(member(auth, "lease_duration")?.raw ?? 0);
  const duration = seconds > 0 ? seconds * 1000 : Number.POSITIVE_INFINITY;
  return { value, duration, renewable: member(auth, "renewable")?.kind === "true" };
}

function authNamespace({ spec }: AuthOptions): string {
  return spec.auth?.namespace ?? spec.namespace ?? "";
}
