import { setTimeout as sleep } from "node:timers/promises";
import { EnvHttpProxyAgent, request as send, type Dispatcher } from "undici";
import { parseDuration } from "../api/duration.ts";
import { ProviderError } from "../api/errors.ts";
import type { RetrySettings } from "../api/provider.ts";
import { abortError } from "../api/until-aborted.ts";
import { foreignText } from "./foreign-text.ts";
import { networkError, retryAfterOf } from "./http-errors.ts";

/** How often a request is sent again, and the pause between, in milliseconds. */
export interface RetryPolicy {
  readonly maxRetries: number;
  readonly interval: number;
}

/** What a client is made of; all of it is optional. */
export interface HttpOptions {
  /** PEM; instead of the public CAs. */
  readonly caBundle?: string | undefined;
  /** PEM; sent when the server asks for it. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
  /** Without it nothing is sent twice: the queue tries again. */
  readonly retry?: RetryPolicy | undefined;
  /** Longest response body in bytes; 8 MiB. */
  readonly maxBytes?: number;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either case; the process's own. Loopback is never proxied. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** One request. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; the first value of repeated ones. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** Milliseconds that `Retry-After` asks for. */
  readonly retryAfter: number | undefined;
}

/**
 * One pool of connections. `request` rejects with ProviderError: Unavailable (no connection, no answer), InvalidConfig
 * (TLS, header, redirect to another origin), TooLarge (body), Cancelled or DeadlineExceeded (`signal`, whose abort
 * closes the socket). No message has a body, a path or a query in it.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
const mostRedirects = 5;

/** See {@link HttpClient}. */
export function createHttpClient(options: HttpOptions = {}): HttpClient {
  const dispatcher = createDispatcher(options);
  const maxBytes = options.maxBytes ?? 8 * mebibyte;
  const once = (request: HttpRequest) => sendFollowing(request, dispatcher, maxBytes);
  return {
    request: (request) => sendRepeating(request, options.retry ?? { maxRetries: 0, interval: 0 }, once),
    close: () => dispatcher.close(),
  };
}

/** ESO's `retrySettings` as a policy. Throws InvalidConfig naming the field. */
export function retryPolicy(settings: RetrySettings | undefined, defaults: RetryPolicy): RetryPolicy {
  if (settings === undefined) return defaults;
  const { maxRetries = defaults.maxRetries, retryInterval } = settings;
  return { maxRetries, interval: retryInterval === undefined ? defaults.interval : intervalOf(retryInterval) };
}

function intervalOf(text: string): number {
  try {
    return Math.max(0, parseDuration(text));
  } catch (error) {
    throw new ProviderError("InvalidConfig", `retrySettings.retryInterval: ${ProviderError.from(error).message}`);
  }
}

/** A base address as a user wrote it. Throws InvalidConfig naming `field`, and not the address: it may hold a password. */
export function parseServer(address: string, field: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new ProviderError(
      "InvalidConfig",
      `${field}: must be an address like https://host:8200, without user and password`,
    );
  }
  return url;
}

function createDispatcher({ caBundle, clientCertificate, environment = process.env }: HttpOptions): Dispatcher {
  const tls = {
    ...(caBundle !== undefined && { ca: caBundle }),
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
  };
  const variable = (name: string) => environment[name.toLowerCase()] ?? environment[name] ?? "";
  return new EnvHttpProxyAgent({
    // A cancel must close the socket, which one HTTP/2 connection for all requests cannot.
    allowH2: false,
    connections: 64,
    connect: tls,
    requestTls: tls,
    httpProxy: variable("HTTP_PROXY"),
    httpsProxy: variable("HTTPS_PROXY"),
    noProxy: [variable("NO_PROXY"), "localhost", "127.0.0.1", "::1"].filter((entry) => entry !== "").join(","),
  });
}

async function sendRepeating(
  request: HttpRequest,
  { maxRetries, interval }: RetryPolicy,
  once: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  for (let left = maxRetries; ; left--) {
    const [response, error] = await once(request).then(
      (answer) => [answer, undefined] as const,
      (thrown: unknown) => [undefined, thrown] as const,
    );
    const again =
      response === undefined ? isUnavailable(error) : [412, 429, 500, 502, 503, 504].includes(response.status);
    if (left <= 0 || !again) {
      if (response !== undefined) return response;
      throw error;
    }
    await sleep(Math.max(interval, response?.retryAfter ?? 0), undefined, { signal: request.signal }).catch(() => {
      throw abortError(request.signal);
    });
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ProviderError && error.code === "Unavailable";
}

async function sendFollowing(first: HttpRequest, dispatcher: Dispatcher, maxBytes: number): Promise<HttpResponse> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const response = await sendOnce(request, dispatcher, maxBytes);
    const target = redirectTarget(request, response);
    if (target === undefined) return response;
    if (redirects === mostRedirects) throw new ProviderError("Unavailable", `${request.url.host}: too many redirects`);
    request = { ...request, url: target };
  }
}

function redirectTarget({ method, url }: HttpRequest, response: HttpResponse): URL | undefined {
  const keepsMethod = response.status === 307 || response.status === 308;
  const readsOnly = (response.status === 301 || response.status === 302) && (method === "GET" || method === "HEAD");
  const location = response.headers.get("location");
  if ((!keepsMethod && !readsOnly) || location === undefined) return undefined;
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target?.origin === url.origin) return target;
  const where = target === undefined ? "what is no address" : foreignText(target.origin);
  // Credentials are for the server that the user named and for no other.
  throw new ProviderError(
    "InvalidConfig",
    `${url.host}: redirects to ${where}, which is not followed; name that server in the store`,
  );
}

async function sendOnce(request: HttpRequest, dispatcher: Dispatcher, maxBytes: number): Promise<HttpResponse> {
  const { method, url, headers = {}, body, signal } = request;
  checkHeaders(headers);
  try {
    const response = await send(url, { dispatcher, method, headers, body: body ?? null, signal });
    const read = await readBody(response.body, maxBytes, url.host);
    const received = new Map(
      Object.entries(response.headers).map(([name, value]) => [name, String([value].flat()[0])]),
    );
    const retryAfter = retryAfterOf(received.get("retry-after"), Date.now());
    return { status: response.statusCode, headers: received, body: read, retryAfter };
  } catch (error) {
    if (signal.aborted) throw abandoned(signal, url.host);
    throw networkError(error, url.host);
  }
}

/** Why a request was given up; who let its deadline pass is worth a name. */
function abandoned(signal: AbortSignal, host: string): ProviderError {
  const error = abortError(signal);
  if (error.code !== "DeadlineExceeded") return error;
  return new ProviderError(error.code, `${host}: it did not answer in time`, { cause: error });
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number, host: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    // Leaving the loop destroys the stream and with it the socket.
    if (size > maxBytes) throw new ProviderError("TooLarge", `${host}: the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    const valid = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
    if (!valid)
      throw new ProviderError(
        "InvalidConfig",
        `header ${JSON.stringify(name)}: holds what HTTP does not allow, say a line break`,
      );
  }
}
