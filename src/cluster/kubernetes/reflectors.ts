import { escapeControl } from "../../api/escape.ts";
import type { Logger } from "../../process/logs.ts";
import type { Selection } from "./list.ts";
import { startReflector, type ReflectorSink } from "./reflector.ts";
import type { Transport } from "./transport.ts";

/** What one reflector reads, and where it writes. */
export interface Feed {
  readonly selection: Selection;
  readonly sink: ReflectorSink;
}

/** What {@link startReflectors} needs. */
export interface ReflectorsOptions {
  readonly transport: Transport;
  readonly feeds: readonly Feed[];
  readonly stallTimeout: number;
  readonly logger: Logger;
}

/** All reflectors of a cluster. */
export interface Reflectors {
  /** Resolves when each has listed once. */
  readonly synced: Promise<void>;
  /** Those that have not, with what is in the way where that is known. */
  awaited(): readonly string[];
  stop(): Promise<void>;
}

/** Starts one for each feed, and logs when one falls behind and when it is back. */
export function startReflectors({ transport, feeds, stallTimeout, logger }: ReflectorsOptions): Reflectors {
  const waiting = new Map<string, string>();
  const reflectors = feeds.map(({ selection, sink }) => {
    const { name } = selection;
    let isBehind = false;
    const onTrouble = (error: Error | undefined) => {
      const why = error && escapeControl(error.message);
      if (why !== undefined && waiting.has(name)) waiting.set(name, why);
      if (isBehind === (error !== undefined)) return;
      isBehind = error !== undefined;
      if (isBehind) logger.warn({ objects: name, error: why }, "view is behind");
      else logger.info({ objects: name }, "view is up to date again");
    };
    waiting.set(name, "not listed yet");
    const reflector = startReflector({ transport, selection, sink, stallTimeout, onTrouble });
    void reflector.synced.then(() => waiting.delete(name));
    return reflector;
  });
  return {
    synced: Promise.all(reflectors.map(({ synced }) => synced)).then(() => undefined),
    awaited: () => Array.from(waiting, ([name, why]) => `${name}: ${why}`),
    stop: async () => {
      await Promise.all(reflectors.map((reflector) => reflector.stop()));
    },
  };
}
