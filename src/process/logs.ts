import { pino, type DestinationStream, type Logger as PinoLogger } from "pino";

/** Levels of a log, least first. */
export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** A structured logger: `logger.info({ store }, "message")`. Values of secrets never go in. */
export type Logger = PinoLogger;

/** JSON lines on stderr (or `destination`) with time (RFC 3339), level in words and the process's name. */
export function createLogger(options: {
  readonly name: string;
  readonly level: LogLevel;
  readonly destination?: DestinationStream;
}): Logger {
  const { name, level, destination = pino.destination({ dest: 2, sync: true }) } = options;
  return pino(
    {
      level,
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/**
 * An unexpected error as a log may hold it: the class and the places it passed. Never its message, since that of a
 * parser or SDK may quote a secret.
 */
export function errorTrail(thrown: unknown): { readonly type: string; readonly at: readonly string[] } {
  if (!(thrown instanceof Error)) return { type: typeof thrown, at: [] };
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^ {4}at /.test(line));
  return { type: thrown.constructor.name, at: frames.slice(0, 8).map((line) => line.trim()) };
}
