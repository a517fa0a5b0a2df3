import { spawn } from "node:child_process";
import { once } from "node:events";
import { coreCommand, type Installation } from "../../test/core-process.ts";
import { cpuTime, memory } from "../processes.ts";

/** Core as it is deployed, with the log level and all flags that are default. */
export interface MeasuredCore {
  readonly pid: number;
  /** Milliseconds since the epoch at which it was started. */
  readonly startedAt: number;
  /** CPU until it began to look at objects, milliseconds. */
  readonly startCpu: number;
  readonly metricsPort: number;
  /** CPU so far, milliseconds. */
  cpu(): number;
  /** Resident memory, MiB. */
  memory(): ReturnType<typeof memory>;
  stop(): Promise<void>;
}

/** Starts it; resolves when it has begun to read the API server. */
export async function startMeasuredCore(
  installation: Installation,
  args: readonly string[],
  file: string,
): Promise<MeasuredCore> {
  const [program, ...rest] = await coreCommand(installation, args, file);
  const startedAt = Date.now();
  const child = spawn(program, rest, { stdio: ["ignore", "ignore", "pipe"] });
  const { pid = 0 } = child;
  const exited = once(child, "close");
  // A benchmark that fails leaves nothing behind.
  const abandon = () => child.kill("SIGKILL");
  process.once("exit", abandon);
  let head = "";
  const metricsPort = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      if (head.length < 10_000) head += chunk;
      const started = /"metricsPort":(\d+)/.exec(head)?.[1];
      if (started !== undefined) resolve(Number(started));
    });
    void exited.then(() => reject(new Error(`core ended: ${head}`)));
  });
  return {
    pid,
    startedAt,
    startCpu: cpuTime(pid),
    metricsPort,
    cpu: () => cpuTime(pid),
    memory: () => memory(pid),
    stop: async () => {
      child.kill("SIGTERM");
      await exited;
      process.off("exit", abandon);
    },
  };
}
