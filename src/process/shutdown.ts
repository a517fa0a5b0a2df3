import type { Readable } from "node:stream";
import type { Logger } from "./logs.ts";

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Aborts when the process is asked to end: SIGTERM, SIGINT, or (for children of local mode) the end of `parent`, the
 * stdin that a parent holds open for as long as it lives. A second signal ends the process at once.
 */
export function shutdownSignal(parent?: Readable): AbortSignal {
  const controller = new AbortController();
  const begin = (exitCode?: number) => {
    if (controller.signal.aborted && exitCode !== undefined) process.exit(exitCode);
    controller.abort();
  };
  for (const [name, exitCode] of Object.entries(exitCodes)) process.on(name, () => begin(exitCode));
  if (parent !== undefined) {
    for (const event of ["end", "close", "error"]) parent.once(event, () => begin());
    parent.resume();
  }
  return controller.signal;
}

/** Milliseconds after which a process that was asked to end does: below the 30 s that Kubernetes gives it. */
const endBound = 25_000;

/** Says that the process is ending, and cuts it off when that takes too long. */
export function endInTime(logger: Logger): void {
  logger.info("ending");
  setTimeout(() => {
    logger.error(`not ended after ${endBound / 1_000} s: cut off`);
    process.exit(1);
  }, endBound).unref();
}

/** Resolves when `signal` has aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
