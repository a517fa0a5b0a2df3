import { status, type ServiceError } from "@grpc/grpc-js";
import { ProviderError } from "../../api/errors.ts";
import { fromStatus } from "../../wire/status.ts";
import { ResolutionError } from "../resolve/resolution-error.ts";
import { connectionProblem, isConnectionLost } from "./connection-problem.ts";

/** Who was called, for messages. */
export interface Callee {
  /** Key of the store, say "vault". */
  readonly provider: string;
  readonly serverName: string;
}

/** What a failed call means. gRPC's own texts (they hold times and addresses) are replaced, a provider's are kept. */
export function callError({ code, details, metadata }: ServiceError, callee: Callee): ProviderError {
  const name = `provider ${callee.provider} at ${callee.serverName}`;
  // Only the other side sends metadata; without it the status was made here or by a peer of another make.
  const local = Object.keys(metadata.getMap()).length === 0;
  if (local) {
    const problem = connectionProblem(details);
    // It was not called, so this is as good as no provider: a store's condition says why.
    if (problem !== undefined) {
      return new ResolutionError("ProviderUnavailable", `${name} is not reachable: ${problem}`);
    }
    if (isConnectionLost(details)) {
      const what = "the connection was lost during the call; it is tried again by itself";
      return new ProviderError("Unavailable", `${name} is not reachable: ${what}`);
    }
    if (code === status.DEADLINE_EXCEEDED) {
      const what = details.includes("Waiting for LB pick") ? "could not be connected to" : "did not answer";
      return new ProviderError("DeadlineExceeded", `${name} ${what} in time`);
    }
    if (unreadable.test(details)) {
      return new ProviderError("Internal", `${name} sent an answer that cannot be read; its log may say why`);
    }
    if (tooLarge.test(details)) {
      return new ProviderError("TooLarge", `${name}: the message is larger than the wire allows; ask for less at once`);
    }
  }
  return fromStatus({ code, details, metadata });
}

/** Not a word from the peer, or words that are not gRPC's. */
const unreadable = /^(No message received|Response message parsing error|Received HTTP status|Too many responses)/;
const tooLarge = /^(Received message larger than max|Attempted to send message with a size larger than)/;
