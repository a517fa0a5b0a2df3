import { spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import { apiAccess, type ApiAccess } from "./api-access.ts";
import { auditPolicy, readAuditLog, type AuditEvent } from "./audit-log.ts";
import { freePort } from "./free-port.ts";
import { startGuarded, type GuardedProcess } from "./guarded-process.ts";

/** A real kube-apiserver over a real etcd, for one test file. Nothing runs Pods. */
export interface ApiServer extends ApiAccess {
  /** `https://localhost:PORT`; the same after a restart. */
  readonly url: string;
  /** CA of the server's certificate. */
  readonly caPem: string;
  /** Path of a kubeconfig with every right. */
  readonly adminKubeconfig: string;
  /** `http://127.0.0.1:PORT` of etcd. */
  readonly etcdUrl: string;
  /** Process id of the kube-apiserver that runs now. */
  pid(): number;
  /** File that `audit` is written to. */
  readonly auditLog: string;
  /** What was asked of the API server and by whom, oldest first; needs `audit`. */
  auditLines(): readonly AuditEvent[];
  /** Kills the API server; etcd keeps what there is. */
  goDown(): Promise<void>;
  /** Starts it again on its port; resolves when it answers. */
  comeBack(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What {@link startApiServer} starts beside the API server. */
export interface ApiServerOptions {
  /** Writes every request down: before its answer is sent, or ("batch") soon after, which slows nobody. */
  readonly audit?: true | "batch";
  /** Garbage collection by owner references, deletion of namespaces, ServiceAccounts and the CA's ConfigMap. */
  readonly controllerManager?: true;
  /** The machine's address as the API server gives it out; one that is not loopback is needed where there is no route. */
  readonly advertiseAddress?: string;
  /** Admission plugins beside those that are on by default. */
  readonly admissionPlugins?: readonly string[];
  /** What is put there before the controllers start: the garbage collector looks for new kinds every 30 s only. */
  readonly prepare?: (access: ApiAccess) => Promise<void>;
}

const setup = join(import.meta.dirname, "..", "scripts", "envtest-setup.mjs");

/** The controllers that tests need; each costs memory and requests. */
const controllers = [
  "garbage-collector-controller",
  "namespace-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "clusterrole-aggregation-controller",
  "endpointslice-controller",
];

/** Why there is no API server to test with, in one line for `{ skip: apiServerMissing() }`; false: there is one. */
export function apiServerMissing({ controllerManager }: ApiServerOptions = {}): string | false {
  const found = findAssets();
  if ("missing" in found) return found.missing;
  if (!controllerManager || existsSync(join(found.folder, "kube-controller-manager"))) return false;
  return `${found.folder} has no kube-controller-manager: unset KUBEBUILDER_ASSETS and run \`npm run envtest:setup\``;
}

/** Starts one on ports and in a folder of its own. Rejects when there is none ({@link apiServerMissing}). */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  for (;;) {
    try {
      return await startOnFreePorts(options);
    } catch (error) {
      // Between a look at a port and its use another process may have taken it.
      if (!String(error).includes("address already in use")) throw error;
    }
  }
}

async function startOnFreePorts(options: ApiServerOptions): Promise<ApiServer> {
  const assets = findAssets();
  if ("missing" in assets) throw new Error(assets.missing);
  const binary = (name: string) => join(assets.folder, name);
  const folder = mkdtempSync(join(tmpdir(), "outboard-api-"));
  const file = (name: string) => join(folder, name);
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://localhost:${port}`;
  const adminToken = randomBytes(16).toString("hex");
  const caPem = await writeFiles(file, adminToken);
  const access = apiAccess({ url, caPem, adminToken, kubectl: binary("kubectl"), folder });

  const start = (name: string, args: readonly string[]) =>
    startGuarded({ program: binary(name), args, folder, log: file(`${name}.log`) });
  const started = new Map<string, GuardedProcess>();
  const comeBack = async () => {
    const api = await start("kube-apiserver", apiServerArgs(file, { etcdUrl, port, options }));
    started.set("kube-apiserver", api);
    await isReady(access, api, file("kube-apiserver.log"));
  };
  const goDown = async () => started.get("kube-apiserver")?.end("SIGKILL");
  const stop = async () => {
    await access.close();
    for (const program of [...started.values()].toReversed()) await program.end("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    const etcd = await start("etcd", etcdArgs(file("etcd"), etcdUrl, peerPort));
    started.set("etcd", etcd);
    await comeBack();
    // Or this API server is in the etcd of another test.
    if (etcd.hasEnded()) throw new Error(`etcd ended:\n${lastLines(file("etcd.log"))}`);
    await options.prepare?.(access);
    if (options.controllerManager) {
      started.set("manager", await start("kube-controller-manager", managerArgs(file, access.adminKubeconfig)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...access,
    url,
    caPem,
    etcdUrl,
    pid: () => started.get("kube-apiserver")?.pid ?? 0,
    auditLog: file("audit.log"),
    auditLines: () => readAuditLog(file("audit.log")),
    goDown,
    comeBack,
    async restart() {
      await goDown();
      await comeBack();
    },
    stop,
  };
}

function findAssets(): { readonly folder: string } | { readonly missing: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [setup, "--find"], { encoding: "utf8" });
  return status === 0 ? { folder: stdout.trim() } : { missing: stderr.trim() };
}

type FileNamer = (name: string) => string;

/** Writes what the API server reads; the PEM of the CA. */
async function writeFiles(file: FileNamer, adminToken: string): Promise<string> {
  const validity = { validity: 24 * 3_600_000, now: Date.now() };
  const ca = await createCa({ commonName: "test CA", ...validity });
  const leaf = await issueLeaf({ ca, usage: "server", dnsNames: ["localhost", "kubernetes.default.svc"], ...validity });
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const contents = {
    "ca.crt": ca.certPem,
    "tls.crt": leaf.certPem,
    "tls.key": leaf.keyPem,
    "accounts.key": privateKey.export({ type: "pkcs8", format: "pem" }),
    "tokens.csv": `${adminToken},admin,admin,system:masters\n`,
    "audit.yaml": auditPolicy,
  };
  for (const [name, content] of Object.entries(contents)) writeFileSync(file(name), content, { mode: 0o600 });
  return ca.certPem;
}

function etcdArgs(folder: string, url: string, peerPort: number): readonly string[] {
  return [
    `--data-dir=${folder}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    "--unsafe-no-fsync",
  ];
}

interface Wiring {
  readonly etcdUrl: string;
  readonly port: number;
  readonly options: ApiServerOptions;
}

function apiServerArgs(file: FileNamer, { etcdUrl, port, options }: Wiring): readonly string[] {
  const audit = [
    `--audit-policy-file=${file("audit.yaml")}`,
    `--audit-log-path=${file("audit.log")}`,
    `--audit-log-mode=${options.audit === "batch" ? "batch" : "blocking"}`,
  ];
  return [
    `--etcd-servers=${etcdUrl}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${file("tls.crt")}`,
    `--tls-private-key-file=${file("tls.key")}`,
    `--token-auth-file=${file("tokens.csv")}`,
    "--service-account-issuer=https://localhost",
    `--service-account-key-file=${file("accounts.key")}`,
    `--service-account-signing-key-file=${file("accounts.key")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    // Nothing mounts tokens, and without the controller manager nothing makes the accounts that Pods would need.
    "--disable-admission-plugins=ServiceAccount",
    ...(options.advertiseAddress === undefined ? [] : [`--advertise-address=${options.advertiseAddress}`]),
    ...(options.admissionPlugins ?? []).map((plugin) => `--enable-admission-plugins=${plugin}`),
    ...(options.audit ? audit : []),
  ];
}

function managerArgs(file: FileNamer, kubeconfig: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--controllers=${controllers.join(",")}`,
    `--service-account-private-key-file=${file("accounts.key")}`,
    `--root-ca-file=${file("ca.crt")}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--secure-port=0",
  ];
}

/** Until the API server says that it is ready and has made the namespaces that every cluster has. */
async function isReady(access: ApiAccess, api: GuardedProcess, log: string): Promise<void> {
  for (const path of ["/readyz", "/api/v1/namespaces/default"]) {
    for (;;) {
      const answer = await access.request("GET", path).catch(() => undefined);
      if (answer?.status === 200) break;
      if (api.hasEnded()) throw new Error(`the API server ended before it was ready:\n${lastLines(log)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function lastLines(log: string): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n");
}
