import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import type { ApiAccess } from "./api-access.ts";
import { searchForPlanted, until } from "./e2e/outboard.ts";
import { plainCommand } from "./plain-command.ts";
import { dist } from "./test-bundles.ts";

/** Namespace of deploy/kustomize. */
export const systemNamespace = "external-secrets";

/** A bundle, running as its Deployment says but for where files are and what it is told to listen on. */
export interface ShippedProcess {
  readonly process: ChildProcess;
  /** Its log so far, parsed. */
  log(): readonly Readonly<Record<string, unknown>>[];
  /** Resolves once a log line has this message. */
  said(message: string): Promise<void>;
  /** Body of a probe or of /metrics. */
  ask(path: "/readyz" | "/healthz" | "/metrics"): Promise<string>;
  /** Exit code; null: ended by a signal. */
  readonly exited: Promise<number | null>;
}

/** What {@link startShipped} runs. */
export interface Shipped {
  /** Name of the Deployment, which was applied. */
  readonly deployment: string;
  /** Of the process's own account. */
  readonly kubeconfig: string;
  readonly args?: readonly string[];
  /** The bundle; by default the one that `npm run build` makes. */
  readonly file?: string;
  /** Folders here of what the pod mounts elsewhere, by the folder there. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** Starts a process of core's bundle; it is killed at the end of the test, and its output is searched for planted values. */
export async function startShipped(
  t: Test,
  api: Pick<ApiAccess, "kubectl">,
  shipped: Shipped,
): Promise<ShippedProcess> {
  const [program, ...rest] = await shippedCommand(api, shipped);
  // It says nothing on stdout; and a process that outlives a test that was killed must not hold what reads the test's.
  const child = spawn(...plainCommand(program, rest), { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const log = () =>
    stderr
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Record<string, unknown>] : []));
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exited;
    searchForPlanted(t, stderr);
  });
  const said = (message: string) =>
    until(
      () => log().some(({ msg }) => msg === message),
      () => `${shipped.deployment} never said ${JSON.stringify(message)}; it said:\n${stderr}`,
    );
  await said("started");
  const { metricsPort, livePort } = log().find(({ msg }) => msg === "started") ?? {};
  return {
    process: child,
    log,
    said,
    ask: async (path) => {
      const port = path === "/metrics" ? metricsPort : livePort;
      return await (await fetch(`http://127.0.0.1:${Number(port)}${path}`)).text();
    },
    exited,
  };
}

/** The command of the Deployment that was applied, with another bundle's `file`, where things are here, and `args`. */
export async function shippedCommand(
  api: Pick<ApiAccess, "kubectl">,
  { deployment, kubeconfig, args = [], file = join(dist, "core", "outboard.cjs"), mounts = {} }: Shipped,
): Promise<readonly [program: string, ...args: string[]]> {
  const command = await deploymentCommand(api, deployment, { "/app": dirname(file), ...mounts });
  const at = command.indexOf("--");
  const [program = "", ...rest] = command.toSpliced(at, 0, `--allow-fs-read=${dirname(kubeconfig)}/*`);
  const flags = [
    `--kubeconfig=${kubeconfig}`,
    `--system-namespace=${systemNamespace}`,
    "--metrics-addr=127.0.0.1:0",
    "--live-addr=127.0.0.1:0",
    ...args,
  ];
  return [program, ...rest, ...flags];
}

/** What a Deployment that was applied runs, with folders here in the place of the pod's. */
export async function deploymentCommand(
  { kubectl }: Pick<ApiAccess, "kubectl">,
  name: string,
  folders: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const { spec } = JSON.parse(await kubectl(["-n", systemNamespace, "get", "deployment", name, "-o=json"])) as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  };
  const words = spec.template.spec.containers.flatMap(({ command, args = [] }) => [...command, ...args]);
  const here = (word: string) =>
    Object.entries(folders).reduce((text, [there, folder]) => text.replace(`${there}/`, `${folder}/`), word);
  return words.map((word) => (word === "node" ? process.execPath : here(word)));
}

interface Container {
  readonly command: readonly string[];
  readonly args?: readonly string[];
}
