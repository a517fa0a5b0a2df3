import { isApiObject, isRecord, textOf, type ApiObject } from "./api-object.ts";

/** What a watch says. */
export type WatchEvent =
  | { readonly type: "seen" | "gone"; readonly object: ApiObject }
  /** Nothing happened up to there. */
  | { readonly type: "bookmark"; readonly resourceVersion: string }
  /** The watch is over. */
  | { readonly type: "error"; readonly code: number; readonly message: string };

/** More than any object that etcd takes, in bytes. */
const longestLine = 32 * 1024 * 1024;

/** Takes a body apart at its line ends, whatever its chunks are; calls `onLine` with each whole line. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: Uint8Array) => void {
  let begun: Uint8Array[] = [];
  let size = 0;
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const last = chunk.subarray(start, end);
      const line = begun.length === 0 ? last : Buffer.concat([...begun, last]);
      [begun, size, start] = [[], 0, end + 1];
      onLine(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString());
    }
    const rest = chunk.subarray(start);
    if (rest.length > 0) begun.push(rest);
    size += rest.length;
    if (size > longestLine) throw new Error(`a line of a watch is longer than ${longestLine} bytes`);
  };
}

/** One line of a watch; undefined when it is none that a watch may have. */
export function parseWatchEvent(line: string): WatchEvent | undefined {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(event) || !isRecord(event["object"])) return undefined;
  const { type, object } = event;
  if (type === "ERROR") return { type: "error", code: Number(object["code"]), message: textOf(object["message"]) };
  if (type === "BOOKMARK") return bookmarkOf(object);
  if (!isApiObject(object)) return undefined;
  if (type === "ADDED" || type === "MODIFIED") return { type: "seen", object };
  return type === "DELETED" ? { type: "gone", object } : undefined;
}

function bookmarkOf({ metadata }: Readonly<Record<string, unknown>>): WatchEvent | undefined {
  const version = isRecord(metadata) ? metadata["resourceVersion"] : undefined;
  return typeof version === "string" ? { type: "bookmark", resourceVersion: version } : undefined;
}
