import { Metadata } from "@grpc/grpc-js";
import { errorTable, ProviderError, type Code } from "../api/errors.ts";
import type { Any } from "./gen/google/protobuf/any.ts";
import type { Duration } from "./gen/google/protobuf/duration.ts";
import { ErrorInfo, RetryInfo, Status } from "./gen/google/rpc/status.ts";

const detailsKey = "grpc-status-details-bin";
const domain = "outboard";
const errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo";
const retryInfoType = "type.googleapis.com/google.rpc.RetryInfo";

/** How a call failed, as gRPC has it; a ServiceError is one. */
export interface ErrorStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** Longest message that travels, in UTF-16 units: it goes twice into trailers, which HTTP/2 bounds. */
const longestMessage = 2048;

const codes = Object.keys(errorTable) as readonly Code[];
const codeOfStatus: ReadonlyMap<number, Code> = new Map([
  ...codes.map((code) => [errorTable[code].status, code] as const),
  // ALREADY_EXISTS, which no code of ours is sent as.
  [6, "Conflict"],
]);

/** Texts of gRPC libraries behind which another code stands than their status says. */
const libraryTexts: readonly (readonly [RegExp, Code])[] = [
  // grpc-js and grpc-go say RESOURCE_EXHAUSTED.
  [/received message larger than max/i, "TooLarge"],
  // INTERNAL: the connection or the peer went away during the call.
  [/RST_STREAM/, "Unavailable"],
];

/** `text` as a code of the error table; Internal when it is none (a newer peer's). */
export function knownCode(text: string): Code {
  return codes.find((code) => code === text) ?? "Internal";
}

/**
 * The gRPC status of an error: its code by the error table, and google.rpc.ErrorInfo (reason = code) and RetryInfo in
 * the trailer `grpc-status-details-bin`. The cause stays here.
 */
export function toStatus(error: ProviderError): ErrorStatus {
  const code = errorTable[error.code].status;
  const message = boundedMessage(error.message);
  const info = ErrorInfo.encode({ reason: error.code, domain, metadata: new Map() }).finish();
  const details: Any[] = [{ typeUrl: errorInfoType, value: info }];
  if (error.retryAfter !== undefined) details.push({ typeUrl: retryInfoType, value: encodeDelay(error.retryAfter) });
  const metadata = new Metadata();
  metadata.set(detailsKey, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

/**
 * The error behind a gRPC status. Peers that send no details of ours (the prototype's, gRPC itself) are understood by
 * the status alone.
 */
export function fromStatus({ code, details, metadata }: ErrorStatus): ProviderError {
  const message = boundedMessage(details);
  const told = readDetails(metadata);
  if (told !== undefined) {
    return new ProviderError(told.code, message, told.retryAfter === undefined ? {} : { retryAfter: told.retryAfter });
  }
  const library = libraryTexts.find(([text]) => text.test(details));
  return new ProviderError(library?.[1] ?? codeOfStatus.get(code) ?? "Internal", message);
}

/** An error's message as it may travel: cut, and never within a character. */
export function boundedMessage(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage).toWellFormed()}…`;
}

function readDetails(metadata: Metadata): { readonly code: Code; readonly retryAfter: number | undefined } | undefined {
  const [bytes] = metadata.get(detailsKey);
  if (!(bytes instanceof Uint8Array)) return undefined;
  try {
    const { details } = Status.decode(bytes);
    const info = details.find(({ typeUrl }) => typeUrl === errorInfoType);
    if (info === undefined) return undefined;
    const { domain: from, reason } = ErrorInfo.decode(info.value);
    if (from !== domain) return undefined;
    const retry = details.find(({ typeUrl }) => typeUrl === retryInfoType);
    return { code: knownCode(reason), retryAfter: retry && decodeDelay(retry.value) };
  } catch {
    // Not what the trailer's name promises: as if it were not there.
    return undefined;
  }
}

function encodeDelay(milliseconds: number): Uint8Array {
  const whole = Math.max(0, Math.ceil(milliseconds));
  const retryDelay: Duration = { seconds: Math.floor(whole / 1000), nanos: (whole % 1000) * 1_000_000 };
  return RetryInfo.encode({ retryDelay }).finish();
}

function decodeDelay(bytes: Uint8Array): number | undefined {
  const { retryDelay } = RetryInfo.decode(bytes);
  return retryDelay && Math.max(0, retryDelay.seconds * 1000 + Math.ceil(retryDelay.nanos / 1_000_000));
}
