import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** Longest line that is taken from a child; the rest of it is dropped. */
const maxLine = 8_192;

/** What to run. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A running child. Its stdin is a pipe that nobody writes to: it ends with this process, however that ends. */
export interface Child {
  /** The port of its address line. Rejects with an Error that says, after the child's name, what it did instead. */
  readonly port: Promise<number>;
  /** How it ended, to be read after the child's name: "ended with code 3". Never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to end (SIGTERM) and ends it (SIGKILL) when it is still there after `grace` milliseconds. */
  stop(grace: number): Promise<void>;
}

/** Starts a child; each line of its stderr goes to `onLine`, unescaped. */
export function startChild(launch: Launch, onLine: (line: string) => void): Child {
  const child = spawn(launch.command, launch.args, {
    env: { ...launch.environment },
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  // A child that is gone already makes the pipe fail; `ended` tells of it.
  child.stdin.on("error", () => undefined);
  onLines(child.stderr, onLine);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve(`could not be started (${error.code ?? error.name})`),
    );
    child.once("close", (code, signal) =>
      resolve(code === null ? `was ended by ${signal}` : `ended with code ${code}`),
    );
  });
  const port = new Promise<number>((resolve, reject) => {
    onLines(child.stdout, (line) => {
      const found = portOf(line);
      if (found === undefined) reject(new Error("printed something else than its address; build it again"));
      else resolve(found);
    });
    void ended.then((reason) => reject(new Error(reason)));
  });
  // Whoever does not wait for the port learns of the end by `ended`.
  port.catch(() => undefined);
  return {
    port,
    ended,
    stop: async (grace) => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), grace);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The port of an address line, `{"port":4711,"metricsPort":4712}`; undefined for anything else. */
function portOf(line: string): number | undefined {
  try {
    const address: unknown = JSON.parse(line);
    if (typeof address !== "object" || address === null || !("port" in address)) return undefined;
    const { port } = address;
    return Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;
  } catch {
    return undefined;
  }
}

function onLines(stream: Readable, listener: (line: string) => void): void {
  let held = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (held + chunk).split("\n");
    held = (lines.pop() ?? "").slice(0, maxLine);
    for (const line of lines) listener(line.slice(0, maxLine));
  });
  stream.on("end", () => {
    if (held !== "") listener(held);
  });
}
