import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { isDeepStrictEqual } from "node:util";
import { ExecAuth } from "@kubernetes/client-node/dist/exec_auth.js";
import { escapeControl } from "../../api/escape.ts";
import type { Identity } from "./identity.ts";

/** How long what was read from files is used before it is read again (client-go's minute), milliseconds. */
const freshFor = 60_000;

/** TLS of a connection. Two credentials of equal material share one object. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** What a request is authenticated with. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** The credential of now. */
export interface Credentials {
  /** Rejects when there is none; one that could not be read again is used on. */
  current(): Promise<Credential>;
  /** The API server does not take this one: the next call reads again. */
  refused(credential: Credential): void;
}

/** @param now milliseconds since the epoch */
export function createCredentials(identity: Identity, now: () => number): Credentials {
  let held: { readonly credential: Credential; readonly until: number } | undefined;
  let reading: Promise<Credential> | undefined;
  let exec = new ExecAuth();

  const read = async () => {
    const before = held?.credential;
    const credential = await readCredential(identity, exec).catch((error: unknown) => {
      if (before === undefined) throw error;
      return before;
    });
    const tls = isDeepStrictEqual(before?.tls, credential.tls) ? (before?.tls ?? credential.tls) : credential.tls;
    held = { credential: { ...credential, tls }, until: now() + freshFor };
    return held.credential;
  };
  return {
    current: () => {
      if (held !== undefined && now() < held.until) return Promise.resolve(held.credential);
      reading ??= read().finally(() => (reading = undefined));
      return reading;
    },
    refused: (credential) => {
      if (held?.credential !== credential) return;
      held = { credential, until: 0 };
      // It caches what the plugin said.
      exec = new ExecAuth();
    },
  };
}

async function readCredential({ cluster, user, tokenFile }: Identity, exec: ExecAuth): Promise<Credential> {
  const [ca, cert, key, token] = await Promise.all([
    bytesOf(cluster.caFile, cluster.caData),
    bytesOf(user.certFile, user.certData),
    bytesOf(user.keyFile, user.keyData),
    tokenFile === undefined ? user.token : readFile(tokenFile, "utf8"),
  ]);
  const plugin = exec.isAuthProvider(user) ? await pluginCredential(exec, user) : {};
  const bearer = token?.trim() || plugin.token;
  const certificate = plugin.cert ?? cert;
  const privateKey = plugin.key ?? key;
  return {
    headers: {
      ...(user.username && { authorization: basic(user.username, user.password ?? "") }),
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(user.impersonateUser && { "impersonate-user": user.impersonateUser }),
    },
    tls: {
      ...(ca && { ca }),
      ...(certificate && { cert: certificate }),
      ...(privateKey && { key: privateKey }),
      ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
      rejectUnauthorized: !cluster.skipTLSVerify,
    },
  };
}

async function bytesOf(file: string | undefined, base64: string | undefined): Promise<Buffer | undefined> {
  if (file) return readFile(file);
  return base64 ? Buffer.from(base64, "base64") : undefined;
}

/** Asks the plugin of `user.exec`. */
async function pluginCredential(exec: ExecAuth, user: Identity["user"]) {
  const options: RequestOptions & { headers: Record<string, string> } = { headers: {} };
  const failure = await exec.applyAuthentication(user, options).then(() => undefined, pluginFailure);
  if (failure !== undefined) throw new Error(`the credential plugin of user ${user.name} failed: ${failure}`);
  const authorization = options.headers["Authorization"];
  return {
    ...(authorization && { token: authorization.replace(/^Bearer /, "") }),
    ...(typeof options.cert === "string" && { cert: Buffer.from(options.cert) }),
    ...(typeof options.key === "string" && { key: Buffer.from(options.key) }),
  };
}

/** Its output holds a credential, which a JSON parser's message would quote. */
function pluginFailure(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof TypeError || !(error instanceof Error)) {
    return "its output is no ExecCredential";
  }
  return escapeControl(error.message.trim()).slice(0, 300);
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
}
