import { ProviderError } from "../../api/errors.ts";
import { readCaBundle } from "../../sdk/ca-bundle.ts";
import { createHttpClient, parseServer, retryPolicy, type HttpClient } from "../../sdk/http.ts";
import type { ConnectRequest } from "../../sdk/operations.ts";
import { createAuth, type Auth } from "./auth.ts";
import { escapePath } from "./paths.ts";
import { readResponse, responseError, type VaultResponse } from "./response.ts";
import type { VaultSpec } from "./spec.ts";

/** A request of the API below `/v1/`. */
export interface VaultRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Not escaped, without `/v1/`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

/** Sends one request with this token and namespace, whatever the answer's status. */
export type Send = (request: VaultRequest, identity: Identity, signal: AbortSignal) => Promise<VaultResponse>;

/** Who a request comes from; empty: the header is not sent. */
export interface Identity {
  readonly token: string;
  readonly namespace: string;
}

/** What the operations work with. */
export interface VaultConnection {
  readonly spec: VaultSpec;
  /**
   * Sends a request with the store's token. Answers with a status below 400, and 404; rejects with ProviderError for the
   * rest, its message beginning with `what`.
   */
  request(request: VaultRequest, what: string, signal: AbortSignal): Promise<VaultResponse>;
  readonly auth: Auth;
  close(): Promise<void>;
}

/** Reads the references of the spec and opens no connection yet. Rejects with InvalidConfig for what is wrong in it. */
export async function connect(
  request: ConnectRequest<VaultSpec>,
  signal: AbortSignal,
  now: () => number = Date.now,
): Promise<VaultConnection> {
  const { spec, credentials } = request;
  const server = parseServer(spec.server, "server");
  const client = createHttpClient({
    caBundle: await readCaBundle(spec, credentials, signal),
    clientCertificate: await readClientCertificate(request, signal),
    // Without retrySettings the queue tries again; with them as often as they say.
    retry: retryPolicy(request.retrySettings, { maxRetries: 0, interval: 1000 }),
  });
  const send = sender(client, server, spec.headers ?? {});
  const auth = await createAuth({ spec, credentials, send, now, signal });
  return {
    spec,
    auth,
    request: (vaultRequest, what, callSignal) => sendAs(auth, send, spec, { request: vaultRequest, what }, callSignal),
    close: async () => {
      await auth.end(AbortSignal.timeout(5000));
      await client.close();
    },
  };
}

function sender(client: HttpClient, server: URL, headers: Readonly<Record<string, string>>): Send {
  return async ({ method, path, query = {}, body }, { token, namespace }, signal) => {
    const url = new URL(server);
    url.pathname = `${server.pathname.replace(/\/+$/, "")}/v1/${escapePath(path)}`;
    url.search = new URLSearchParams(query).toString();
    const all = {
      ...headers,
      "X-Vault-Request": "true",
      ...(namespace !== "" && { "X-Vault-Namespace": namespace }),
      ...(token !== "" && { "X-Vault-Token": token }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    };
    const answer = await client.request({ method, url, headers: all, signal, ...(body !== undefined && { body }) });
    return readResponse(answer, server.host);
  };
}

interface Asked {
  readonly request: VaultRequest;
  readonly what: string;
}

async function sendAs(
  auth: Auth,
  send: Send,
  { namespace = "" }: VaultSpec,
  { request, what }: Asked,
  signal: AbortSignal,
): Promise<VaultResponse> {
  const token = await auth.token(signal);
  const response = await send(request, { token, namespace }, signal);
  if (response.status < 400 || response.status === 404) return response;
  if (response.status !== 403) throw responseError(response, what);
  // Vault answers 403 for a token that it does not know as for one that may not; it says which when asked about the token.
  if (await auth.isValid(token, signal)) throw responseError(response, what);
  if (!auth.refused(token)) throw responseError(response, what, auth.canLogIn ? "PermissionDenied" : "Unauthenticated");
  const again = await send(request, { token: await auth.token(signal), namespace }, signal);
  if (again.status < 400 || again.status === 404) return again;
  throw responseError(again, what);
}

async function readClientCertificate({ spec, credentials }: ConnectRequest<VaultSpec>, signal: AbortSignal) {
  const { certSecretRef, keySecretRef } = spec.tls ?? {};
  if (certSecretRef === undefined && keySecretRef === undefined) return undefined;
  if (certSecretRef === undefined || keySecretRef === undefined) throw new ProviderError("InvalidConfig", oneOfTls);
  const [certificate, key] = await Promise.all([
    credentials.secret({ key: "tls.crt", ...certSecretRef }, signal),
    credentials.secret({ key: "tls.key", ...keySecretRef }, signal),
  ]);
  return { certificate: Buffer.from(certificate).toString(), key: Buffer.from(key).toString() };
}

/** ESO's message for one half of a client certificate. */
export const oneOfTls = "when provided, both ClientTLS.ClientCert and ClientTLS.SecretRef should be provided";
