#!/usr/bin/env -S node --
import { checkLocalSettings, localSettings } from "../local/settings.ts";
import { runLocal } from "../local/run.ts";
import { errorTrail } from "../process/logs.ts";
import { helpText, parseSettings, UsageError, wantsHelp } from "../process/settings.ts";
import { shutdownSignal } from "../process/shutdown.ts";
import packageJson from "../../package.json" with { type: "json" };

const usage = `Usage: outboard COMMAND

Commands:
  local    Turn ExternalSecret manifests into Secrets on this machine, without a cluster.
  help     Say this; "outboard help local" says what local takes.
  version  Say which version this is.
`;

const localUsage = `Usage: outboard local -f DIR|FILE [-f ...] [--out DIR|--env-file FILE|--stdout] [--once|--watch]

Runs the providers that the stores in the manifests need, and syncs the ExternalSecrets. No value is printed or
written unless --out, --env-file or --stdout asks for it. Ends with 0 when all is Ready, 1 when something is not,
2 when a flag is wrong.`;

/** Runs a command; returns the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "local":
      return wantsHelp(rest) ? say(helpText(localUsage, localSettings)) : await local(rest);
    case "version":
    case "--version":
      return say(`outboard ${packageJson.version}\n`);
    case "help":
    case "--help":
    case "-h":
      return say(rest[0] === "local" ? helpText(localUsage, localSettings) : usage);
    default:
      throw new UsageError(command === undefined ? "no command is given" : "there is no such command");
  }
}

async function local(argv: readonly string[]): Promise<number> {
  const settings = parseSettings(localSettings, argv);
  checkLocalSettings(settings);
  const { stdout, stderr, env: environment } = process;
  return await runLocal(settings, { stdout, stderr, environment, now: Date.now, signal: shutdownSignal() });
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

// Whoever reads our output went away (a pipe into head): nobody is left to work for.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    const isUsage = error instanceof UsageError;
    const said = isUsage
      ? `${error.message}\nRun "outboard help" for what it takes.`
      : JSON.stringify(errorTrail(error));
    process.stderr.write(`outboard: ${said}\n`);
    // Not by exitCode: after a fault of ours something may still run.
    process.exit(isUsage ? 2 : 1);
  },
);
