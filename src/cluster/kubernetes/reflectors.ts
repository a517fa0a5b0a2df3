import { escapeControl } from "../../api/escape.ts";
import type { Logger } from "../../process/logs.ts";
import type { Selection } from "./list.ts";
import { startReflector, type Reflector, type ReflectorSink } from "./reflector.ts";
import type { Transport } from "./transport.ts";

/** What one reflector reads, and where it writes. */
export interface Feed {
  readonly selection: Selection;
  readonly sink: ReflectorSink;
  /** What to do when the API server does not have the kind, which counts as no objects; absent: it is an error. */
  readonly remedy?: string;
  /** Hears what is in the way, beside the log. */
  readonly onTrouble?: (error: Error) => void;
}

/** What {@link startReflectors} needs. */
export interface ReflectorsOptions {
  readonly transport: Transport;
  /** Those that are awaited. */
  readonly feeds: readonly Feed[];
  readonly stallTimeout: number;
  /** How often a kind that the API server does not have is asked for again, milliseconds; 30 s. */
  readonly missingInterval?: number;
  readonly logger: Logger;
}

/** All reflectors of a cluster. */
export interface Reflectors {
  /** Resolves when each of those that are awaited has listed once. */
  readonly synced: Promise<void>;
  /** Those of them that have not, with what is in the way where that is known. */
  awaited(): readonly string[];
  /** Starts one more, which nobody awaits. */
  start(feed: Feed): Reflector;
  stop(): Promise<void>;
}

/** Starts one for each feed, and logs when one falls behind and when it is back. */
export function startReflectors(options: ReflectorsOptions): Reflectors {
  const { transport, feeds, stallTimeout, missingInterval = 30_000, logger } = options;
  const waiting = new Map<string, string>();
  const running = new Set<Reflector>();

  const start = (feed: Feed): Reflector => {
    const { selection, sink, remedy } = feed;
    const { name } = selection;
    let isBehind = false;
    const onTrouble = (error: Error | undefined) => {
      const why = error && escapeControl(error.message);
      if (why !== undefined && waiting.has(name)) waiting.set(name, why);
      if (error !== undefined) feed.onTrouble?.(error);
      if (isBehind === (error !== undefined)) return;
      isBehind = error !== undefined;
      if (isBehind) logger.warn({ objects: name, error: why }, "view is behind");
      else logger.info({ objects: name }, "view is up to date again");
    };
    const onMissing = (isMissing: boolean) => {
      if (isMissing) logger.warn({ objects: name, remedy }, "the API server does not have this kind");
      else logger.info({ objects: name }, "the API server has this kind now");
    };
    const missing = remedy === undefined ? undefined : { onMissing, interval: missingInterval };
    const reflector = startReflector({
      transport,
      selection,
      sink,
      stallTimeout,
      onTrouble,
      ...(missing !== undefined && { missing }),
    });
    const started: Reflector = {
      synced: reflector.synced,
      stop: async () => {
        running.delete(started);
        await reflector.stop();
      },
    };
    running.add(started);
    return started;
  };
  const awaited = feeds.map((feed) => {
    const { name } = feed.selection;
    waiting.set(name, "not listed yet");
    return start(feed).synced.then(() => waiting.delete(name));
  });
  return {
    synced: Promise.all(awaited).then(() => undefined),
    awaited: () => Array.from(waiting, ([name, why]) => `${name}: ${why}`),
    start,
    stop: async () => {
      await Promise.all(Array.from(running, (reflector) => reflector.stop()));
    },
  };
}
