import { errorTrail, type Logger } from "./logs.ts";

/**
 * Logs what nobody caught, without its message (see {@link errorTrail}). A promise that nobody awaits is a bug of one
 * call and the process lives on; after an exception that nobody caught it ends with 1.
 */
export function logCrashes(logger: Logger): void {
  process.on("unhandledRejection", (thrown) => logger.error({ error: errorTrail(thrown) }, "unhandled rejection"));
  process.on("uncaughtException", (thrown) => {
    logger.error({ error: errorTrail(thrown) }, "uncaught exception");
    process.exit(1);
  });
}
