import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";

/** A program that ends with the test process, however that ends. */
export interface GuardedProcess {
  readonly pid: number;
  /** Resolves when the program has ended by itself or was ended. */
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Sends the signal and waits for the end; SIGKILL when it is not there after ten seconds. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** What {@link startGuarded} starts. */
export interface GuardedProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** Its folder, which goes too when the test process ends first. */
  readonly folder: string;
  /** File that its output is added to. */
  readonly log: string;
}

/** Starts a program that a shell beside it kills when the test process ends. */
export async function startGuarded({ program, args, folder, log }: GuardedProgram): Promise<GuardedProcess> {
  const output = openSync(log, "a");
  const child = spawn(program, args, { stdio: ["ignore", output, output] });
  closeSync(output);
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} did not start`);
  const guard = guardOf(pid, folder);
  const ended = once(child, "exit").then(() => {
    // Before anybody else can get the same process id.
    guard.kill("SIGKILL");
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    ended,
    hasEnded,
    async end(signal) {
      if (hasEnded()) return;
      child.kill(signal);
      const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await ended;
      clearTimeout(late);
    },
  };
}

/** A shell that waits for the end of its input, which is the end of this process. */
function guardOf(pid: number, folder: string): ChildProcess {
  // The second turn takes what the other programs of the folder wrote before their ends.
  const script = 'read -r _; kill -9 "$0"; rm -rf "$1"; sleep 1; rm -rf "$1"';
  const guard = spawn("sh", ["-c", script, String(pid), folder], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guard.unref();
  return guard;
}
