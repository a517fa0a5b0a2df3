import type { handleUnaryCall, MethodDefinition, ServerUnaryCall } from "@grpc/grpc-js";
import { ProviderError } from "../api/errors.ts";
import { escapeControl } from "../api/escape.ts";
import { errorTrail, type Logger } from "../process/logs.ts";
import type { Context } from "../wire/gen/outboard/v1/context.ts";
import type { PeerIdentity } from "../wire/identity.ts";
import { limits } from "../wire/limits.ts";
import { toStatus } from "../wire/status.ts";
import { callSignals, type CallSignals } from "./call-signals.ts";
import { refusal, type AllowedClient, type CallSubject, type Refusal } from "./allow-client.ts";
import { methodName, type MethodName } from "./methods.ts";
import type { AdapterMetrics } from "./metrics.ts";

/** What every call goes through. */
export interface CallEnvironment {
  readonly identityOf: PeerIdentity;
  /** Who may call, at the time of the call. */
  readonly allowClients: () => readonly AllowedClient[];
  readonly metrics: AdapterMetrics;
  readonly logger: Logger;
}

/** What a handler knows of its call. */
export interface Call extends Pick<CallSignals, "signal" | "end"> {
  /** URI of the client's certificate. */
  readonly peer: string;
  /** Logs what failed in a call that has an answer all the same. */
  readonly partFailed: (error: ProviderError) => void;
}

/** Answers one method. Whatever it throws becomes a status by the error table. */
export type Handler<Request, Response> = (request: Request, call: Call) => Promise<Response>;

/** A method as grpc-js takes it: deadline and cancellation, who may call, errors, size, metrics and log are done here. */
export function unary<Request extends object, Response>(
  environment: CallEnvironment,
  definition: MethodDefinition<Request, Response>,
  handle: Handler<Request, Response>,
): handleUnaryCall<Request, Buffer> {
  const { metrics } = environment;
  const method = methodName(definition.path);
  return (call, callback) => {
    const started = performance.now();
    metrics.started(method);
    const { signal, end, finish } = callSignals(call);
    const seconds = () => (performance.now() - started) / 1000;
    const partFailed = (error: ProviderError) => logFailure(environment, { method, call, error, seconds: seconds() });
    const answer = async () => {
      const peer = authorize(environment, method, call);
      const response = await handle(call.request, { peer, signal, end, partFailed });
      return bounded(definition.responseSerialize(response));
    };
    answer().then(
      (response) => {
        finish("answered");
        metrics.ended(method, "OK", seconds());
        callback(null, response);
      },
      (thrown: unknown) => {
        finish("failed");
        const error = ProviderError.from(thrown);
        metrics.ended(method, error.code, seconds());
        logFailure(environment, { method, call, error, seconds: seconds() });
        callback(toStatus(error));
      },
    );
  };
}

/** Who calls. Throws ProviderError PermissionDenied, and counts it, when nobody has allowed the call. */
export function authorize(
  { identityOf, allowClients, metrics }: CallEnvironment,
  method: MethodName,
  call: { readonly request: object },
): string {
  const peer = identityOf(call);
  const reason = refusal(allowClients(), peer, { method, store: storeOf(call.request) });
  if (reason === undefined && peer !== undefined) return peer;
  metrics.refused(reason ?? "identity");
  throw new ProviderError("PermissionDenied", refusalMessage(reason ?? "identity", peer, method));
}

function refusalMessage(reason: Refusal, peer: string | undefined, method: MethodName): string {
  const who = peer === undefined ? "a client whose certificate has not exactly one URI" : `client ${peer}`;
  const what = {
    identity: "may not call this provider",
    method: `may not call ${method}`,
    namespace: "may not call for this namespace",
  };
  return `${escapeControl(who)} ${what[reason]}: see its flags --allow-client and --allow-client-file`;
}

function bounded(response: Buffer): Buffer {
  if (response.length <= limits.responseBytes) return response;
  const size = `${response.length} bytes, and a response may have ${limits.responseBytes}`;
  throw new ProviderError("TooLarge", `the answer has ${size}: ask for less at once`);
}

interface Failure {
  readonly method: MethodName;
  readonly call: ServerUnaryCall<object, unknown>;
  readonly error: ProviderError;
  readonly seconds: number;
}

/** One line: who failed at what and why; never a key, never a value. */
function logFailure({ logger, identityOf }: CallEnvironment, { method, call, error, seconds }: Failure): void {
  const { code, cause } = error;
  const context = contextOf(call.request);
  const [trace] = call.metadata.get("traceparent");
  const fields = {
    method,
    code,
    message: escapeControl(error.message),
    peer: identityOf(call),
    ...(context?.store && { store: `${context.store.kind}/${context.store.namespace}/${context.store.name}` }),
    ...(context?.caller && { caller: context.caller.namespace }),
    ...(typeof trace === "string" && { trace: escapeControl(trace.slice(0, 64)) }),
    ...(cause !== undefined && { cause: errorTrail(cause) }),
    seconds: Number(seconds.toFixed(3)),
  };
  if (code === "Cancelled") logger.debug(fields, "call cancelled");
  else logger.info(fields, "call failed");
}

function storeOf(request: object): CallSubject["store"] {
  const context = contextOf(request);
  return context?.store && { namespace: context.store.namespace, callerNamespace: context.caller?.namespace ?? "" };
}

function contextOf(request: object): Context | undefined {
  return "context" in request ? (request.context as Context | undefined) : undefined;
}
