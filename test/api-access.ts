import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Agent, request } from "undici";

/** What the API server answered. */
export interface ApiAnswer {
  readonly status: number;
  /** Parsed JSON; the text itself where it is none. */
  readonly body: unknown;
}

/** A rule of a Role (rbac.authorization.k8s.io/v1). */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** What an account may do, in one namespace or in the whole cluster: a role that exists, or rules of its own. */
export type Grant = { readonly namespace?: string } & (
  | { readonly kind: "Role" | "ClusterRole"; readonly name: string }
  | { readonly rules: readonly PolicyRule[] }
);

/** Who a process under test is. */
export interface TestAccount {
  /** Path of a kubeconfig with the token. */
  readonly kubeconfig: string;
  readonly token: string;
  /** As the audit log has it: `system:serviceaccount:NAMESPACE:NAME`. */
  readonly username: string;
}

/** The API server as its admin uses it. */
export interface ApiAccess {
  /** Path of a kubeconfig with every right. */
  readonly adminKubeconfig: string;
  /** Runs kubectl as admin; what it printed. Rejects with its message when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** One request as admin, JSON both ways; `path` from `/api` or `/apis` on. Never rejects for a status. */
  request(method: Method, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  /** The same in somebody else's name; an account's has its groups. */
  as(username: string): Pick<ApiAccess, "request">;
  /** Makes the ServiceAccount (and its namespace) with these rights, and asks for a token of an hour. */
  serviceAccount(namespace: string, name: string, ...grants: readonly Grant[]): Promise<TestAccount>;
  close(): Promise<void>;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Where the API server is, and where kubeconfigs go. */
export interface ApiAddress {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
  readonly kubectl: string;
  readonly folder: string;
}

export function apiAccess(address: ApiAddress): ApiAccess {
  const adminKubeconfig = writeKubeconfig(address, "admin", address.adminToken);
  const agent = new Agent({ connect: { ca: address.caPem } });
  const asking =
    (more: Readonly<Record<string, string>>): ApiAccess["request"] =>
    async (method, path, body, contentType = "application/json") => {
      const answer = await request(address.url + path, {
        dispatcher: agent,
        method,
        headers: { authorization: `Bearer ${address.adminToken}`, "content-type": contentType, ...more },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return { status: answer.statusCode, body: parsed(await answer.body.text()) };
    };
  const ask = asking({});
  return {
    adminKubeconfig,
    kubectl: (args, input) => runKubectl(address, ["--kubeconfig", adminKubeconfig, ...args], input),
    request: ask,
    as: (username) => ({ request: asking({ "impersonate-user": username }) }),
    serviceAccount: async (namespace, name, ...grants) => {
      const objects = [namespaceOf(namespace), accountOf(namespace, name)];
      objects.push(...grants.flatMap((grant, index) => binding({ namespace, name, grant, index })));
      for (const { path, body } of objects) await create(ask, path, body);
      const token = await requestToken(ask, namespace, name);
      const kubeconfig = writeKubeconfig(address, `${namespace}-${name}`, token);
      return { kubeconfig, token, username: `system:serviceaccount:${namespace}:${name}` };
    },
    close: () => agent.close(),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

async function runKubectl({ kubectl, folder }: ApiAddress, args: readonly string[], input = ""): Promise<string> {
  // A home of its own: kubectl caches discovery by address, and addresses come again.
  const child = spawn(kubectl, args, { env: { ...process.env, HOME: folder } });
  child.stdin.on("error", () => undefined).end(input);
  const [output, message, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (status !== 0) throw new Error(`kubectl ${args.slice(2).join(" ")}: ${message.trim() || output.trim()}`);
  return output;
}

function writeKubeconfig({ url, caPem, folder }: ApiAddress, name: string, token: string): string {
  const path = join(folder, `${name}.kubeconfig`);
  const cluster = { server: url, "certificate-authority-data": Buffer.from(caPem).toString("base64") };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: name } }],
    "current-context": "test",
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

interface Creation {
  readonly path: string;
  readonly body: object;
}

function namespaceOf(name: string): Creation {
  return { path: "/api/v1/namespaces", body: { metadata: { name } } };
}

function accountOf(namespace: string, name: string): Creation {
  return { path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata: { name } } };
}

interface Bound {
  readonly namespace: string;
  readonly name: string;
  readonly grant: Grant;
  readonly index: number;
}

/** The binding, and first the role that it names where the grant has rules of its own. */
function binding({ namespace, name, grant, index }: Bound): readonly Creation[] {
  const scope = grant.namespace === undefined ? "" : `namespaces/${grant.namespace}/`;
  const kinds = scope === "" ? "cluster" : "";
  const path = (resource: string) => `/apis/rbac.authorization.k8s.io/v1/${scope}${kinds}${resource}`;
  const metadata = { name: `${namespace}-${name}-${index}` };
  const own = { kind: scope === "" ? "ClusterRole" : "Role", name: metadata.name };
  const { kind, name: role } = "rules" in grant ? own : grant;
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind, name: role };
  const subjects = [{ kind: "ServiceAccount", namespace, name }];
  return [
    ...(grant.namespace === undefined ? [] : [namespaceOf(grant.namespace)]),
    ...("rules" in grant ? [{ path: path("roles"), body: { metadata, rules: grant.rules } }] : []),
    { path: path("rolebindings"), body: { metadata, roleRef, subjects } },
  ];
}

/** What is there already stays. */
async function create(ask: ApiAccess["request"], path: string, body: object): Promise<void> {
  const answer = await ask("POST", path, body);
  if (answer.status !== 201 && answer.status !== 409) throw refused(path, answer);
}

async function requestToken(ask: ApiAccess["request"], namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const answer = await ask("POST", path, { spec: { expirationSeconds: 3600 } });
  const { body } = answer;
  if (typeof body !== "object" || body === null || !("status" in body)) throw refused(path, answer);
  const { status } = body;
  if (typeof status !== "object" || status === null || !("token" in status)) throw refused(path, answer);
  return String(status.token);
}

function refused(path: string, { status, body }: ApiAnswer): Error {
  return new Error(`${path}: ${status} ${JSON.stringify(body)}`);
}
