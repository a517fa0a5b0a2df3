import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import { freePort } from "./free-port.ts";

/** A Vault that runs for one test file. */
export interface TestVault {
  /** `http://127.0.0.1:PORT`, or with TLS `https://localhost:PORT`. */
  readonly address: string;
  /** The root token. */
  readonly token: string;
  /** CA of the server's certificate; undefined without TLS. */
  readonly caPem: string | undefined;
  /** Calls the API as root, `path` without `/v1/`; the parsed answer. Rejects for statuses of 400 and more. */
  call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

const setup = join(import.meta.dirname, "..", "scripts", "vault-setup.mjs");

/** Why there is no Vault to test with, in one line for `t.test(name, { skip: vaultMissing() }, …)`; false: there is one. */
export function vaultMissing(): string | false {
  const { status, stderr } = spawnSync(process.execPath, [setup, "--find"], { encoding: "utf8" });
  return status === 0 ? false : stderr.trim();
}

/** Starts a Vault with KV 2 at `secret/` on a free port, in memory. Rejects when there is none ({@link vaultMissing}). */
export async function startVault({ tls = false } = {}): Promise<TestVault> {
  const { status, stdout, stderr } = spawnSync(process.execPath, [setup, "--find"], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr.trim());
  const binary = stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), "outboard-vault-"));
  const token = "root";
  const files = tls ? await writeCertificate(folder) : undefined;
  const lite = basename(binary).startsWith("vaultlite");
  const started = lite ? await startLite(binary, token, files) : await startDev(binary, { token, folder, files });
  const { child, address } = started;
  process.once("exit", () => child.kill("SIGKILL"));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return { address, token, caPem: files?.caPem, call: caller(address, token, files?.caPem), stop };
}

interface Files {
  readonly certificate: string;
  readonly key: string;
  readonly caPem: string;
}

interface Started {
  readonly child: ChildProcess;
  readonly address: string;
}

async function startLite(binary: string, token: string, files: Files | undefined): Promise<Started> {
  const secure = files === undefined ? [] : ["-tls-cert", files.certificate, "-tls-key", files.key];
  const child = spawn(binary, ["-listen", "127.0.0.1:0", "-token", token, ...secure], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^listening (\S+)$/.exec(line)?.[1];
    // The certificate is for the name, not for the address.
    if (address !== undefined) return { child, address: address.replace("https://127.0.0.1", "https://localhost") };
  }
  throw new Error("vaultlite ended before it listened");
}

/** `vault` and `bao` in development mode, with a listener of our own. */
async function startDev(
  binary: string,
  { token, folder, files }: { token: string; folder: string; files: Files | undefined },
): Promise<Started> {
  const [devPort, port] = [await freePort(), await freePort()];
  const secure =
    files === undefined
      ? "tls_disable = true"
      : `tls_cert_file = ${JSON.stringify(files.certificate)}\n  tls_key_file = ${JSON.stringify(files.key)}`;
  const config = join(folder, "listener.hcl");
  writeFileSync(config, `listener "tcp" {\n  address = "127.0.0.1:${port}"\n  ${secure}\n}\n`);
  const child = spawn(
    binary,
    ["server", "-dev", `-dev-root-token-id=${token}`, `-dev-listen-address=127.0.0.1:${devPort}`, `-config=${config}`],
    { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, HOME: folder } },
  );
  await answers(`http://127.0.0.1:${devPort}/v1/sys/health`, child);
  return { child, address: files === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}` };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the Vault ended before it answered");
}

async function writeCertificate(folder: string): Promise<Files> {
  const hour = 3_600_000;
  const now = Date.now();
  const ca = await createCa({ commonName: "test CA", validity: hour, now });
  const leaf = await issueLeaf({ ca, usage: "server", dnsNames: ["localhost"], validity: hour, now });
  const [certificate, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  writeFileSync(certificate, leaf.certPem);
  writeFileSync(key, leaf.keyPem, { mode: 0o600 });
  return { certificate, key, caPem: ca.certPem };
}

function caller(address: string, token: string, caPem: string | undefined): TestVault["call"] {
  return async (method, path, body) => {
    const { Agent, request } = await import("undici");
    const dispatcher = new Agent({ ...(caPem !== undefined && { connect: { ca: caPem } }) });
    try {
      const response = await request(`${address}/v1/${path}`, {
        dispatcher,
        method: method === "GET" || method === "DELETE" || method === "PUT" ? method : "POST",
        headers: { "X-Vault-Token": token },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await response.body.text();
      if (response.statusCode >= 400) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
      const parsed: unknown = text === "" ? {} : JSON.parse(text);
      return Object.fromEntries(Object.entries(parsed ?? {}));
    } finally {
      await dispatcher.close();
    }
  };
}
