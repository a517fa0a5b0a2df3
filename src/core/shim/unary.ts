import { Metadata, type ClientUnaryCall, type MethodDefinition, type ServiceError } from "@grpc/grpc-js";
import { deadlineOf } from "../../api/deadline.ts";
import { ProviderError } from "../../api/errors.ts";
import { abortError } from "../../api/until-aborted.ts";
import { callError, type Callee } from "./call-error.ts";
import type { Connection } from "./connection.ts";
import type { ShimMetrics } from "./metrics.ts";

/** The call ends so many milliseconds before its signal does, so that the caller hears who did not answer. */
const margin = 100;

/** One call of a provider. */
export interface UnaryCall<Request, Response> {
  readonly connection: Connection;
  readonly method: MethodDefinition<Request, Response>;
  readonly request: Request;
  readonly callee: Callee;
  readonly signal: AbortSignal;
  /** Milliseconds, when `signal` has no deadline of its own. */
  readonly timeout: number;
  readonly metrics: ShimMetrics;
}

/**
 * Makes the call. The signal's deadline goes with it; when the signal aborts, the call is cancelled on both sides.
 * Rejects with ProviderError.
 */
export async function unary<Request, Response>(call: UnaryCall<Request, Response>): Promise<Response> {
  const { method, callee, metrics } = call;
  const started = performance.now();
  const name = method.path.slice(method.path.lastIndexOf("/") + 1);
  const done = (code: Parameters<ShimMetrics["call"]>[2]) =>
    metrics.call(name, callee.serverName, code, (performance.now() - started) / 1000);
  try {
    const response = await send(call);
    done("OK");
    return response;
  } catch (thrown) {
    const error = ProviderError.from(thrown);
    done(error.code);
    throw error;
  }
}

function send<Request, Response>(call: UnaryCall<Request, Response>): Promise<Response> {
  const { connection, method, request, callee, signal, timeout } = call;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  if (signal.aborted) {
    reject(abortError(signal));
    return promise;
  }
  const deadline = (deadlineOf(signal) ?? Date.now() + timeout) - margin;
  const ended = (error: ServiceError | null, response?: Response) => {
    signal.removeEventListener("abort", cancel);
    if (response !== undefined) resolve(response);
    else if (signal.aborted) reject(abortError(signal));
    else if (error !== null) reject(callError(error, callee));
  };
  const { path, requestSerialize: write, responseDeserialize: read } = method;
  let pending: ClientUnaryCall | undefined;
  const cancel = () => pending?.cancel();
  try {
    pending = connection.client.makeUnaryRequest(path, write, read, request, new Metadata(), { deadline }, ended);
  } catch (error) {
    // grpc-js throws for a channel that was closed.
    const message = `the connection to provider ${callee.provider} at ${callee.serverName} was closed`;
    reject(new ProviderError("Unavailable", message, { cause: error }));
    return promise;
  }
  signal.addEventListener("abort", cancel, { once: true });
  return promise;
}
