import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../cluster.ts";
import { listAll, type ListSink, type Selection } from "./list.ts";
import { openWatch, type WatchEnd, type WatchSink } from "./open-watch.ts";
import type { Transport } from "./transport.ts";

/** What a reflector keeps up to date. */
export interface ReflectorSink extends ListSink, WatchSink {
  /** The list that was begun is whole. */
  commit(): void;
}

/** What {@link startReflector} needs. */
export interface ReflectorOptions {
  readonly transport: Transport;
  readonly selection: Selection;
  readonly sink: ReflectorSink;
  /** Hears why it is behind, and undefined when it is no longer. */
  readonly onTrouble: (error: Error | undefined) => void;
  /** Of a kind that the API server may not have: there are no objects then, and it is asked for again. */
  readonly missing?: {
    /** Hears when the API server does not have the kind, and when it has it again. */
    readonly onMissing: (isMissing: boolean) => void;
    /** Milliseconds until it is asked for again. */
    readonly interval: number;
  };
  /** Milliseconds without a word after which a watch's connection is given up. */
  readonly stallTimeout: number;
}

/** Lists, then watches, and again for as long as it takes. */
export interface Reflector {
  /** Resolves when the first list is in, or its kind is missing and may be; never, when it is stopped before. */
  readonly synced: Promise<void>;
  stop(): Promise<void>;
}

/** Pauses after failures in a row, milliseconds: soon enough after an API server that was away. */
const pauses = { first: 100, longest: 5_000 } as const;
/** Watches in a row that the API server refuses, after which only a list can help. */
const mostRefusals = 3;

export function startReflector(options: ReflectorOptions): Reflector {
  const { transport, selection, sink, onTrouble, missing } = options;
  const stopped = new AbortController();
  const { signal } = stopped;
  const synced = Promise.withResolvers<void>();
  let failures = 0;
  let isBehind = false;
  let isMissing = false;

  const caughtUp = () => {
    if (isBehind) onTrouble(undefined);
    isBehind = false;
  };
  const fine = () => {
    caughtUp();
    failures = 0;
  };
  const pause = async (error: Error) => {
    if (signal.aborted) return;
    isBehind = true;
    onTrouble(error);
    const longest = Math.min(pauses.longest, pauses.first * 2 ** failures++);
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  };

  const tellMissing = (now: boolean) => {
    if (now !== isMissing) missing?.onMissing(now);
    isMissing = now;
  };
  const waitForKind = async (interval: number) => {
    if (isMissing) {
      // Objects that were there go at the second time: the first may have been a server's that was about to start.
      sink.begin();
      sink.commit();
    }
    caughtUp();
    tellMissing(true);
    synced.resolve();
    await sleep(interval, undefined, { signal }).catch(() => undefined);
  };

  /** Watches from there until the API server no longer knows what came next. */
  const watch = async (from: string) => {
    let version = from;
    for (let refusals = 0; !signal.aborted && refusals < mostRefusals;) {
      const end: WatchEnd = await openWatch({ ...options, signal, version, onAlive: fine });
      version = end.version;
      if (end.error === undefined) continue;
      if (isGone(end.error)) return;
      refusals = isRefusal(end.error) ? refusals + 1 : 0;
      await pause(end.error);
    }
  };
  const run = async () => {
    while (!signal.aborted) {
      try {
        const version = await listAll(transport, selection, sink, signal);
        sink.commit();
        tellMissing(false);
        // Only a watch that lives ends the pauses: where none is allowed, lists alone would follow each other.
        caughtUp();
        synced.resolve();
        await watch(version);
      } catch (error) {
        if (missing !== undefined && isNotFound(error)) await waitForKind(missing.interval);
        else await pause(error instanceof Error ? error : new Error(String(error)));
      }
    }
  };
  const running = run();
  return {
    synced: synced.promise,
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
}

function isGone(error: Error): boolean {
  return error instanceof ClusterError && error.reason === "Gone";
}

/** A list has no other reason to be not found than its kind. */
function isNotFound(error: unknown): boolean {
  return error instanceof ClusterError && error.reason === "NotFound";
}

/** It answered, and not with a watch: waiting alone may not help. What failed below HTTP has a cause. */
function isRefusal(error: Error): boolean {
  return error instanceof ClusterError && error.cause === undefined && error.reason !== "TooManyRequests";
}
