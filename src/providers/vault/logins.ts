import { readFile } from "node:fs/promises";
import { ProviderError } from "../../api/errors.ts";
import type { Context, SecretKeySelector } from "../../api/provider.ts";
import type { VaultSpec } from "./spec.ts";
import { defaultAudiences } from "./audiences.ts";

type AuthSpec = NonNullable<VaultSpec["auth"]>;

/** The request of a login: `POST /v1/PATH`. */
export interface Login {
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

/** What a login is made from. */
export interface LoginSource {
  readonly credentials: Context;
  /** The token of the provider's own pod; replaced by tests. */
  readonly podToken: () => Promise<string>;
}

/** Where Kubernetes mounts a pod's token. */
const podTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Reads {@link podTokenPath}. Rejects as `readFile` does. */
export async function readPodToken(): Promise<string> {
  return readFile(podTokenPath, "utf8");
}

/**
 * The login that a spec asks for, the first of ESO's order that is set; undefined: none. It reads its references each
 * time, for tokens are replaced while a client lives. It rejects with InvalidConfig for what is missing.
 */
export function loginOf(auth: AuthSpec, source: LoginSource): ((signal: AbortSignal) => Promise<Login>) | undefined {
  const { appRole, kubernetes, jwt } = auth;
  if (appRole !== undefined) return (signal) => appRoleLogin(appRole, source, signal);
  if (kubernetes !== undefined) return (signal) => kubernetesLogin(kubernetes, source, signal);
  if (jwt !== undefined) return (signal) => jwtLogin(jwt, source, signal);
  return undefined;
}

/** ESO's message for an AppRole without a role ID. */
export const noRoleId = "invalid Auth.AppRole: neither `roleId` nor `roleRef` was supplied";
/** ESO's message for the JWT method without a JWT. */
export const noJwt =
  "neither `secretRef` nor `kubernetesServiceAccountToken` was supplied as token source for jwt authentication";

/** https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle */
async function appRoleLogin(
  { path, roleId = "", roleRef, secretRef }: NonNullable<AuthSpec["appRole"]>,
  { credentials }: LoginSource,
  signal: AbortSignal,
): Promise<Login> {
  if (roleId === "" && roleRef === undefined) throw new ProviderError("InvalidConfig", noRoleId);
  const role = roleId !== "" || roleRef === undefined ? roleId.trim() : await text(credentials, roleRef, signal);
  const secret = await text(credentials, secretRef, signal);
  return { path: `auth/${path}/login`, body: JSON.stringify({ role_id: role, secret_id: secret }) };
}

/** https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login */
async function kubernetesLogin(
  { mountPath, role, secretRef, serviceAccountRef }: NonNullable<AuthSpec["kubernetes"]>,
  source: LoginSource,
  signal: AbortSignal,
): Promise<Login> {
  const { credentials } = source;
  const login = (jwt: string) => tokenLogin(mountPath, role, jwt);
  if (serviceAccountRef !== undefined) return login((await credentials.token(serviceAccountRef, [], signal)).token);
  if (secretRef !== undefined) return login(await text(credentials, { key: "token", ...secretRef }, signal));
  return login(await podToken(source));
}

/** https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login */
async function jwtLogin(
  { path, role = "", secretRef, kubernetesServiceAccountToken: account }: NonNullable<AuthSpec["jwt"]>,
  { credentials }: LoginSource,
  signal: AbortSignal,
): Promise<Login> {
  if (secretRef !== undefined) return tokenLogin(path, role, await text(credentials, secretRef, signal));
  if (account === undefined) throw new ProviderError("InvalidConfig", noJwt);
  const { serviceAccountRef, audiences = defaultAudiences } = account;
  return tokenLogin(path, role, (await credentials.token(serviceAccountRef, audiences, signal)).token);
}

function tokenLogin(path: string, role: string, jwt: string): Login {
  return { path: `auth/${path}/login`, body: JSON.stringify({ role: role.trim(), jwt }) };
}

/** As ESO, which logs in with its own token then; here it is the provider's, where an administrator lets it. */
async function podToken({ credentials, podToken: read }: LoginSource): Promise<string> {
  const remedy = "set auth.kubernetes.serviceAccountRef or secretRef";
  if (!credentials.ambient) {
    throw new ProviderError(
      "InvalidConfig",
      `auth.kubernetes names no token, and the provider's own is not for this store (--ambient of core); ${remedy}`,
    );
  }
  const token = await read().catch((error: unknown) => {
    throw new ProviderError(
      "InvalidConfig",
      `auth.kubernetes names no token, and the provider's pod has none; ${remedy}`,
      {
        cause: error,
      },
    );
  });
  return token.trim();
}

/** The value of a reference. Tokens and role IDs have no white space; Secrets made from files end in a line break. */
export async function text(credentials: Context, ref: SecretKeySelector, signal: AbortSignal): Promise<string> {
  return Buffer.from(await credentials.secret(ref, signal))
    .toString()
    .trim();
}
