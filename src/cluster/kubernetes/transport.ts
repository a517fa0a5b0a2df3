import { setTimeout as sleep } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { withinDeadline } from "../../api/deadline.ts";
import { ClusterError } from "../cluster.ts";
import type { Connections } from "./connections.ts";
import type { Credential, Credentials } from "./credentials.ts";
import type { RateLimit } from "./rate-limit.ts";
import { retryAfterOf, retryPause } from "./retry.ts";
import { statusError } from "./status.ts";

/** One request. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query, encoded. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** "application/json" unless it is a patch. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal: AbortSignal;
  /** What messages call it: "update Secret team/app". */
  readonly name: string;
  /** Values of the Secret in `body`: no message may hold them. */
  readonly values?: Iterable<Uint8Array>;
  /** Milliseconds for all tries together; 30 s. */
  readonly deadline?: number;
}

/**
 * Requests to one API server. Reject with ClusterError; with the signal's reason when it aborts. 429, and 5xx with
 * Retry-After, are tried again within the deadline, reads after other failures too (retry.ts); a credential that is not
 * accepted is read again once.
 */
export interface Transport {
  /** The answer's JSON. */
  request(request: ApiRequest): Promise<unknown>;
  /** The answer's body as it comes; without a deadline. */
  stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

/** What {@link createTransport} stands on. */
export interface TransportOptions {
  readonly connections: Connections;
  /** Of the API server, as metrics call it. */
  readonly host: string;
  readonly credentials: Credentials;
  readonly userAgent: string;
  readonly rateLimit?: RateLimit;
  readonly onAnswer?: AnswerListener;
}

/** One answer of the API server. */
export interface Answered {
  /** Of the API server, "10.0.0.1:443". */
  readonly host: string;
  readonly method: ApiRequest["method"];
  readonly status: number;
}

/** Hears of each answer, those after which a request is tried again too: for a metric. */
export type AnswerListener = (answered: Answered) => void;

const defaultDeadline = 30_000;

export function createTransport(options: TransportOptions): Transport {
  const { connections, host, credentials, userAgent, rateLimit, onAnswer } = options;
  const send = async ({ method, path, body, ...request }: ApiRequest, credential: Credential, signal: AbortSignal) =>
    connections.pool(credential.tls).request({
      method,
      path,
      signal,
      headers: {
        ...credential.headers,
        accept: request.accept ?? "application/json",
        "user-agent": userAgent,
        ...(body !== undefined && { "content-type": request.contentType ?? "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });

  async function ask<Answer>(
    request: ApiRequest,
    signal: AbortSignal,
    read: (body: Dispatcher.ResponseData["body"]) => Promise<Answer>,
  ): Promise<Answer> {
    let wasRefused = false;
    for (let tries = 1; ; tries++) {
      await rateLimit?.(signal);
      const credential = await currentCredential(credentials);
      const failed = { method: request.method, tries };
      let pause: number | undefined;
      let failure: ClusterError;
      try {
        const { statusCode: status, headers, body } = await send(request, credential, signal);
        onAnswer?.({ host, method: request.method, status });
        if (status < 300) return await read(body);
        failure = statusError(status, await body.text(), request.name, request.values);
        if (status === 401 && !wasRefused) {
          wasRefused = true;
          credentials.refused(credential);
          continue;
        }
        const retryAfter = retryAfterOf(headers["retry-after"]);
        pause = retryPause({ ...failed, status, ...(retryAfter !== undefined && { retryAfter }) }, Math.random());
      } catch (error) {
        signal.throwIfAborted();
        const message = `${request.name}: the API server did not answer: ${codeOf(error)}`;
        // A parser's message quotes what it read.
        const cause = error instanceof SyntaxError ? new Error("no JSON") : error;
        failure = new ClusterError("Unavailable", message, { cause });
        pause = retryPause(failed, Math.random());
      }
      if (pause === undefined) throw failure;
      // Cut short, why it waited says more than that it did.
      await sleep(pause, undefined, { signal }).catch(() => {
        throw failure;
      });
    }
  }

  return {
    request: async (request) => {
      const { signal, deadline = defaultDeadline } = request;
      signal.throwIfAborted();
      return withinDeadline(signal, deadline, async (within) => {
        try {
          return await ask(request, within, async (body) => body.json());
        } catch (error) {
          signal.throwIfAborted();
          if (error instanceof ClusterError) throw error;
          if (!within.aborted) throw error;
          throw new ClusterError("Unavailable", `${request.name}: no answer within ${deadline / 1_000} s`);
        }
      });
    },
    stream: (request) => ask(request, request.signal, async (body) => body),
    close: () => connections.close(),
  };
}

async function currentCredential(credentials: Credentials): Promise<Credential> {
  try {
    return await credentials.current();
  } catch (error) {
    const why = error instanceof Error ? error.message : "unknown";
    throw new ClusterError("Unavailable", `no credential for the API server: ${why}`, { cause: error });
  }
}

/** What went wrong below HTTP, without what was sent. */
function codeOf(error: unknown): string {
  if (error instanceof SyntaxError) return "its answer is no JSON";
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : error instanceof Error ? error.name : "unknown";
}
