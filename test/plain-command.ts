/**
 * A program as spawn wants it, without NODE_OPTIONS: tap puts a loader of its own there, into every Node below a test,
 * whatever `env` says. `env` executes the program in its own place, so the process id is the program's.
 */
export function plainCommand(program: string, args: readonly string[]): readonly [program: string, args: string[]] {
  return ["env", ["-u", "NODE_OPTIONS", program, ...args]];
}
