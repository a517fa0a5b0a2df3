import type { Provider } from "../api/provider.ts";
import { certsSettings, checkCertsSettings } from "../certs/process/settings.ts";
import { explainSettings } from "../core/explain/settings.ts";
import { checkProcessSettings, processSettings } from "../core/process/settings.ts";
import { checkLocalSettings, localSettings } from "../local/settings.ts";
import { runLocal } from "../local/run.ts";
import { errorTrail } from "../process/logs.ts";
import { helpText, parseSettings, UsageError, wantsHelp } from "../process/settings.ts";
import { shutdownSignal } from "../process/shutdown.ts";
import packageJson from "../../package.json" with { type: "json" };

const usage = `Usage: outboard COMMAND

Commands:
  core     Run the operator against a Kubernetes API server.
  certs    Issue certificates for core and providers, and keep them fresh, in a Kubernetes cluster.
  explain  Say where an ExternalSecret stops on its way to its backend, and what to do.
  local    Turn ExternalSecret manifests into Secrets on this machine, without a cluster.
  help     Say this; "outboard help COMMAND" says what one of the first four takes.
  version  Say which version this is.
`;

const localUsage = `Usage: outboard local -f DIR|FILE [-f ...] [--out DIR|--env-file FILE|--stdout] [--once|--watch]

Runs the providers that the stores in the manifests need, and syncs the ExternalSecrets. No value is printed or
written unless --out, --env-file or --stdout asks for it. Ends with 0 when all is Ready, 1 when something is not,
2 when a flag is wrong.`;

const coreUsage = `Usage: outboard core [--kubeconfig FILE] [--namespace NAME ...]

Reconciles ExternalSecrets and stores until it is told to end (SIGTERM). Ends with 0 then, 1 when it cannot start or
must not go on, 2 when a flag is wrong.`;

const certsUsage = `Usage: outboard certs [--kubeconfig FILE]

Keeps a CA, a certificate for each Service with the label external-secrets.io/provider: "true" and one for each client,
until it is told to end (SIGTERM). Ends with 0 then, 1 when it cannot start, 2 when a flag is wrong.`;

const explainUsage = `Usage: outboard explain externalsecret NAME [-n NAMESPACE] [--kubeconfig FILE]

Follows the reference to its store, provider, endpoint, certificate and backend, by the rules of core and with the rights
of the kubeconfig. Nothing is changed, no provider is called. Ends with 0 when nothing stops it, 1 when something does, 2
when a flag is wrong.`;

/** What each command takes. */
const helpOf = (command: string | undefined): string => {
  if (command === "local") return helpText(localUsage, localSettings);
  if (command === "certs") return helpText(certsUsage, certsSettings);
  if (command === "explain") return helpText(explainUsage, explainSettings);
  return command === "core" ? helpText(coreUsage, processSettings) : usage;
};

/** Runs a command; returns the exit code. */
async function run(argv: readonly string[], linked: ReadonlyMap<string, Provider> | undefined): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case "core":
      return wantsHelp(rest) ? say(helpOf(command)) : await core(rest, linked);
    case "certs":
      return wantsHelp(rest) ? say(helpOf(command)) : await certs(rest);
    case "explain":
      return wantsHelp(rest) ? say(helpOf(command)) : await explain(rest);
    case "local":
      return wantsHelp(rest) ? say(helpOf(command)) : await local(rest);
    case "version":
    case "--version":
      return say(`outboard ${packageJson.version}\n`);
    case "help":
    case "--help":
    case "-h":
      return say(helpOf(rest[0]));
    default:
      throw new UsageError(command === undefined ? "no command is given" : "there is no such command");
  }
}

async function core(argv: readonly string[], linked: ReadonlyMap<string, Provider> | undefined): Promise<number> {
  const settings = parseSettings(processSettings, argv);
  checkProcessSettings(settings);
  // On demand: local mode starts without what talks to an API server.
  const { runCore } = await import("../core/process/run.ts");
  const exitCode = await runCore(settings, { now: Date.now, signal: shutdownSignal(), linked });
  // Not by exitCode: what is still open then is nothing to wait for.
  process.exit(exitCode);
}

async function certs(argv: readonly string[]): Promise<number> {
  const settings = parseSettings(certsSettings, argv);
  checkCertsSettings(settings);
  // On demand: X.509 and the API server are for this command only.
  const { runCerts } = await import("../certs/process/run.ts");
  const exitCode = await runCerts(settings, { now: Date.now, signal: shutdownSignal() });
  process.exit(exitCode);
}

async function explain([kind, name, ...flags]: readonly string[]): Promise<number> {
  if (kind === undefined || !/^(externalsecrets?|es)$/i.test(kind) || name === undefined || name.startsWith("-")) {
    throw new UsageError("explain takes a kind and a name: outboard explain externalsecret NAME");
  }
  const settings = parseSettings(explainSettings, flags);
  // On demand, as above.
  const { runExplain } = await import("../core/explain/run.ts");
  return await runExplain(name, settings, { stdout: process.stdout, now: Date.now, signal: shutdownSignal() });
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

/**
 * The command line: runs what the arguments say and ends with its exit code.
 * @param linked providers of this build, by key of `spec.provider`; without them providers are processes of their own
 */
export function outboard(linked?: ReadonlyMap<string, Provider>): void {
  // Whoever reads our output went away (a pipe into head): nobody is left to work for.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
  run(process.argv.slice(2), linked).then(
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
}
