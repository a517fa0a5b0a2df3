import { escapeControl } from "../../api/escape.ts";
import { ClusterError, type ClusterErrorReason } from "../cluster.ts";
import { isRecord, textOf } from "./api-object.ts";
import { withoutValues } from "./redaction.ts";

/** What controllers make of an HTTP status; other 4xx: Invalid, 5xx: Unavailable. */
const reasons: ReadonlyMap<number, ClusterErrorReason> = new Map([
  [401, "Unavailable"],
  [403, "Forbidden"],
  [404, "NotFound"],
  [408, "Unavailable"],
  [409, "Conflict"],
  [410, "Gone"],
  [429, "TooManyRequests"],
]);

/** What an answer means that is no Status. */
const unexplained: ReadonlyMap<number, string> = new Map([
  [404, "the API server does not have this kind: is its CustomResourceDefinition installed?"],
]);

/** Longest message that is passed on, in characters. */
const longest = 1_024;

/**
 * A refusal of the API server (meta/v1 Status) as ours.
 * @param request what was asked, for an answer that says nothing
 * @param values of the Secret that was sent: an admission webhook may quote them
 */
export function statusError(
  code: number,
  body: string,
  request: string,
  values: Iterable<Uint8Array> = [],
): ClusterError {
  const status = statusOf(body);
  const reason = code === 409 && status.reason === "AlreadyExists" ? "AlreadyExists" : reasonOf(code);
  const message = status.message.slice(0, longest) || unexplained.get(code) || "no reason is given";
  return new ClusterError(reason, `${request}: ${code}: ${escapeControl(withoutValues(message, values))}`);
}

function reasonOf(code: number): ClusterErrorReason {
  return reasons.get(code) ?? (code < 500 ? "Invalid" : "Unavailable");
}

function statusOf(body: string): { readonly reason: string; readonly message: string } {
  try {
    const status: unknown = JSON.parse(body);
    if (isRecord(status)) return { reason: textOf(status["reason"]), message: textOf(status["message"]) };
  } catch {
    // Not the API server's own words: a proxy's page, say.
  }
  return { reason: "", message: "" };
}
