import { ClusterError } from "../cluster.ts";
import type { ApiObject } from "./api-object.ts";
import { acceptOf, type Selection } from "./list.ts";
import { withQuery } from "./paths.ts";
import { statusError } from "./status.ts";
import type { Transport } from "./transport.ts";
import { createLineSplitter, parseWatchEvent } from "./watch-stream.ts";

/** Where what a watch says goes. */
export interface WatchSink {
  /** The object is there, and is as given. */
  seen(object: ApiObject): void;
  /** It is gone, or selected no longer; as it was last. */
  gone(object: ApiObject): void;
}

/** One watch. */
export interface WatchOptions {
  readonly transport: Transport;
  readonly selection: Selection;
  readonly sink: WatchSink;
  /** resourceVersion after which it begins. */
  readonly version: string;
  /** Hears that it works: with each event, bookmarks too, and once it has lasted a second. */
  readonly onAlive: () => void;
  /** Milliseconds without a word after which it ends. */
  readonly stallTimeout: number;
  readonly signal: AbortSignal;
}

/** How far a watch came. */
export interface WatchEnd {
  readonly version: string;
  /** Why it ended; undefined: its time was over, or nothing came for too long. ClusterError of reason Gone: what came next is no longer known. */
  readonly error?: Error;
}

/** The API server ends a watch after this time, client-go's 5 to 10 minutes; seconds. */
const watchSeconds = { least: 300, most: 600 } as const;
/** A watch that ends sooner with nothing said was cut, milliseconds. */
const leastLife = 1_000;

/** Watches once, from `version` on. Never rejects. */
export async function openWatch(options: WatchOptions): Promise<WatchEnd> {
  const { transport, selection, sink, onAlive, stallTimeout } = options;
  const stalled = new AbortController();
  // Bookmarks come every minute, as a rule: a connection without a word for longer may be dead.
  const silence = setTimeout(() => stalled.abort(), stallTimeout);
  let lasting: NodeJS.Timeout | undefined;
  const signal = AbortSignal.any([options.signal, stalled.signal]);
  let { version } = options;
  let isAlive = false;
  let error: Error | undefined;

  const split = createLineSplitter((line) => {
    const event = parseWatchEvent(line);
    if (event === undefined) throw new Error("a line of it is no event");
    if (event.type === "error") {
      throw statusError(event.code, JSON.stringify({ message: event.message }), `watch ${selection.name}`);
    }
    isAlive = true;
    if (event.type !== "bookmark") sink[event.type](event.object);
    version = event.type === "bookmark" ? event.resourceVersion : event.object.metadata.resourceVersion;
    onAlive();
  });
  try {
    const body = await transport.stream({
      method: "GET",
      path: watchPath(selection, version),
      accept: acceptOf(selection, "PartialObjectMetadata"),
      name: `watch ${selection.name}`,
      signal,
    });
    lasting = setTimeout(() => {
      isAlive = true;
      onAlive();
    }, leastLife);
    for await (const chunk of body) {
      silence.refresh();
      split(chunk);
    }
    if (!isAlive) error = new Error(`watch ${selection.name}: it was cut`);
  } catch (thrown) {
    if (!stalled.signal.aborted) error = watchError(thrown, selection);
    else if (!isAlive) error = new Error(`watch ${selection.name}: no answer within ${stallTimeout / 1_000} s`);
  }
  clearTimeout(silence);
  clearTimeout(lasting);
  return { version, ...(error && { error }) };
}

function watchPath({ path, labelSelector, fieldSelector }: Selection, resourceVersion: string): string {
  const { least, most } = watchSeconds;
  return withQuery(path, {
    labelSelector,
    fieldSelector,
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(Math.round(least + Math.random() * (most - least))),
  });
}

function watchError(thrown: unknown, { name }: Selection): Error {
  if (thrown instanceof ClusterError) return thrown;
  const why = thrown instanceof Error ? thrown.message : "it was cut";
  return new Error(`watch ${name}: ${why}`, { cause: thrown });
}
