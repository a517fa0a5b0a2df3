import { once } from "node:events";
import { createServer, request, type RequestOptions } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issueLeaf } from "../src/certs/issue.ts";
import type { ApiServer } from "./api-server.ts";

/** A request that came through. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly accept: string;
  readonly authorization: string;
}

/** What a proxy makes of a request instead of passing it on; undefined: passes it on. */
export type Ruling =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Passes it on after this has resolved. */
  | { readonly after: Promise<void> }
  /** Passes it on, and ends the connection where its answer would come. */
  | { readonly answer: "lost" }
  /** Passes it on as somebody else. */
  | { readonly authorization: string }
  | undefined;

/** A proxy before an API server, for what networks and servers do to requests. */
export interface ApiProxy {
  /** `https://localhost:PORT`. */
  readonly url: string;
  /** Path of a kubeconfig that goes through it, with this user; an admin by default. */
  kubeconfig(user?: object): string;
  /** Every request, whatever became of it. */
  seen(): readonly SeenRequest[];
  /** Connections that were ever made. */
  connections(): number;
  /** From now on decides about each request. */
  rule(decide: (request: SeenRequest) => Ruling): void;
  /** Ends all connections. */
  cut(): void;
  /** On the connections of now nothing passes any more, and they stay open. */
  stall(): void;
  stop(): Promise<void>;
}

export async function startApiProxy(api: Pick<ApiServer, "url" | "caPem" | "adminKubeconfig">): Promise<ApiProxy> {
  const validity = { validity: 24 * 3_600_000, now: Date.now() };
  const ca = await createCa({ commonName: "proxy CA", ...validity });
  const leaf = await issueLeaf({ ca, usage: "server", dnsNames: ["localhost"], ...validity });
  const folder = mkdtempSync(join(tmpdir(), "outboard-proxy-"));
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const stalled = new WeakSet<Socket>();
  let connections = 0;
  const admin: object = JSON.parse(readFileSync(api.adminKubeconfig, "utf8")).users[0].user;
  let decide: (request: SeenRequest) => Ruling = () => undefined;

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = "GET", url = "/", headers } = incoming;
    const { accept = "", authorization = "" } = headers;
    const each = { method, url, accept, authorization };
    seen.push(each);
    if (stalled.has(incoming.socket)) return;
    const ruling = decide(each);
    if (ruling !== undefined && "status" in ruling) {
      incoming.resume();
      outgoing.writeHead(ruling.status, ruling.headers).end(ruling.body);
      return;
    }
    if (ruling !== undefined && "after" in ruling) await ruling.after;
    const user = ruling !== undefined && "authorization" in ruling ? ruling : { authorization };
    const { hostname, port } = new URL(api.url);
    const options: RequestOptions = { hostname, port, path: url, method, ca: api.caPem };
    const forwarded = request(
      { ...options, headers: { ...headers, ...user, host: `${hostname}:${port}` } },
      (answer) => {
        if (ruling !== undefined && "answer" in ruling) {
          outgoing.destroy();
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.on("data", (chunk) => {
          if (!stalled.has(incoming.socket)) outgoing.write(chunk);
        });
        answer.on("end", () => outgoing.end());
        answer.on("error", () => outgoing.destroy());
      },
    );
    forwarded.on("error", () => outgoing.destroy());
    outgoing.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  };
  const server = createServer({ cert: leaf.certPem, key: leaf.keyPem }, (incoming, outgoing) => {
    void handle(incoming, outgoing);
  });
  server.on("secureConnection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `https://localhost:${port}`;

  return {
    url,
    kubeconfig: (user = admin) => {
      const path = join(folder, `${Math.random().toString(36).slice(2)}.kubeconfig`);
      const cluster = { server: url, "certificate-authority-data": Buffer.from(ca.certPem).toString("base64") };
      const config = {
        clusters: [{ name: "proxied", cluster }],
        users: [{ name: "tester", user }],
        contexts: [{ name: "proxied", context: { cluster: "proxied", user: "tester" } }],
        "current-context": "proxied",
      };
      writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
      return path;
    },
    seen: () => seen,
    connections: () => connections,
    rule: (next) => {
      decide = next;
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    stall: () => {
      for (const socket of sockets) stalled.add(socket);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
