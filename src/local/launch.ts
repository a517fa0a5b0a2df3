import { dirname } from "node:path";
import type { Bundle } from "./bundle-manifest.ts";
import type { Launch } from "./child.ts";
import { coreIdentity } from "./run-keys.ts";

/** What a child may see of our environment: how to reach its backend, and no more. */
const passedOn = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "TZ"];

/** Where OpenSSL looks for the CAs that the machine trusts. */
const caVariables = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

type Environment = Readonly<Record<string, string | undefined>>;

/** What {@link launchBundle} needs to know. */
export interface LaunchOptions {
  /** Of this process. */
  readonly environment: Environment;
  /** Holds ca.crt, tls.crt and tls.key of the child. */
  readonly tlsDir: string;
  readonly logLevel: string;
  /** Whether this Node knows a flag (`process.allowedNodeEnvironmentFlags`). */
  knowsFlag(flag: string): boolean;
}

/** The command line and environment of a bundle's process, under the Node that runs us. */
export function launchBundle(bundle: Bundle, options: LaunchOptions): Launch {
  return {
    command: process.execPath,
    args: [...nodeFlags(bundle, options), bundle.file, ...adapterFlags(options)],
    environment: childEnvironment(options.environment),
  };
}

function nodeFlags(bundle: Bundle, options: LaunchOptions): readonly string[] {
  const asked = caVariables.some((name) => options.environment[name] !== undefined);
  return [
    // V8 sizes its heap by the machine's memory; so sized it keeps garbage of calls long gone: 146 MB instead of 99.
    "--max-old-space-size=128",
    "--max-semi-space-size=1",
    // Without it anyone with our uid opens an inspector, and with it every credential, by a signal.
    "--disable-sigusr1",
    // A provider reads its own folder and its keys, writes nothing and starts nothing.
    "--permission",
    `--allow-fs-read=${dirname(bundle.file)}/*`,
    `--allow-fs-read=${options.tlsDir}/*`,
    // Node 25 took the network into the permission model.
    ...(options.knowsFlag("--allow-net") ? ["--allow-net"] : []),
    // Node looks at SSL_CERT_* only when it uses the machine's store.
    ...(asked ? ["--use-system-ca"] : []),
  ];
}

function adapterFlags(options: LaunchOptions): readonly string[] {
  return [
    "--host=127.0.0.1",
    "--port=0",
    "--metrics-port=0",
    `--tls-dir=${options.tlsDir}`,
    `--allow-client=${coreIdentity}`,
    `--log-level=${options.logLevel}`,
    "--drain-timeout=2s",
    "--parent-stdin",
    "--print-address",
  ];
}

function childEnvironment(environment: Environment): Readonly<Record<string, string>> {
  const passed: Record<string, string> = {};
  for (const name of [...passedOn, ...caVariables]) {
    const value = environment[name];
    if (value !== undefined) passed[name] = value;
  }
  return passed;
}
