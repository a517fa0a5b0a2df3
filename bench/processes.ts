import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Launch } from "../src/local/child.ts";
import type { Load, LoadDone, Target } from "./load/load.ts";

/** A process under measurement. */
export interface Measured {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A server that listens. */
export interface MeasuredServer extends Measured {
  readonly port: number;
  /** From its start until it listened. */
  readonly milliseconds: number;
}

/** A client that makes calls when told to. */
export interface MeasuredClient extends Measured {
  /** Rejects when the client ends instead of answering. */
  run(target: Target, load: Load): Promise<LoadDone>;
}

/** Starts a server that says on stdout where it listens. */
export async function startServer({ command, args, environment }: Launch): Promise<MeasuredServer> {
  const started = performance.now();
  const child = spawn(command, args, { env: { ...environment }, stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const { port } = JSON.parse(line) as { readonly port: number };
    const milliseconds = performance.now() - started;
    const stop = async () => {
      child.kill("SIGKILL");
      await exited;
    };
    return { pid: pidOf(child), port, milliseconds, stop };
  }
  throw new Error(`${args.join(" ")} ended before it listened`);
}

/** Starts a client's bundle. */
export function startClient(file: string): MeasuredClient {
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const exited = once(child, "exit");
  return {
    pid: pidOf(child),
    run: async (target, load) => {
      child.send({ target, load });
      const [answer] = await Promise.race([once(child, "message"), exited]);
      if (typeof answer === "object" && answer !== null) return answer as LoadDone;
      throw new Error(`${file} ended with ${String(answer)}`);
    },
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** CPU that a process and all its threads took so far, user and system, milliseconds (the kernel counts tens). */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // proc_pid_stat(5): after the name come the state (3) and, as 14 and 15, utime and stime in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Memory of a process, MiB: what it holds now, and the most that it ever held. */
export function memory(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
}

/** The children that a process has started and not yet reaped. */
export function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

function pidOf({ pid }: { readonly pid?: number | undefined }): number {
  if (pid === undefined) throw new Error("the process could not be started");
  return pid;
}
