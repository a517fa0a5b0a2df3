import { ClusterError } from "../../cluster/cluster.ts";
import { escapeControl } from "../../api/escape.ts";

/** What is wrong with one field of an object. `message` says how it must be and never quotes the value. */
export interface Problem {
  /** JSON Pointer (RFC 6901) from the object's root. */
  readonly pointer: string;
  readonly message: string;
}

/** Most problems that one error lists. */
const listed = 5;

/** A JSON Pointer's tokens, unescaped: "/data/a~1b" is ["data", "a/b"]. */
export function pointerTokens(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** A JSON Pointer as kubectl prints a field: `spec.data[0].remoteRef.key`, `data[tls.crt]`. */
export function fieldPath(pointer: string): string {
  return pointerTokens(pointer)
    .map((token) => (/^[A-Za-z_][-\w]*$/.test(token) ? `.${token}` : `[${shown(token)}]`))
    .join("")
    .replace(/^\./, "");
}

/** What the API rejects an object with that breaks its kind's rules (HTTP 422). */
export function invalid(kind: string, name: string, problems: readonly Problem[]): ClusterError {
  const lines = problems.slice(0, listed).map(({ pointer, message }) => `${fieldPath(pointer)}: ${message}`);
  const more = problems.length > listed ? [`and ${problems.length - listed} more`] : [];
  return new ClusterError("Invalid", `${kind} ${shown(name)} is invalid: ${[...lines, ...more].join("; ")}`);
}

/** A name of somebody else's choosing, bounded and without control characters. */
export function shown(name: string): string {
  return escapeControl(name.length > 253 ? `${name.slice(0, 250)}...` : name);
}
