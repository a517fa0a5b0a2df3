import type { Readable } from "node:stream";

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
