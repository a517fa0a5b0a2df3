import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import { escapeControl } from "../api/escape.ts";
import type { Registry } from "./metrics.ts";

/** What {@link serveProbes} needs. */
export interface ProbeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Served under /metrics, where it is given. */
  readonly registry?: Pick<Registry, "contentType" | "metrics">;
  /** What the process still awaits, in words; empty: it is ready. Served under /healthz and /readyz, where it is given. */
  readonly ready?: () => readonly string[];
}

/** A running probe server. */
export interface Probes {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves over HTTP: /metrics (Prometheus text), /healthz (the process answers), /readyz (503 and what is awaited). */
export async function serveProbes(options: ProbeOptions): Promise<Probes> {
  const server = createServer(respond(options));
  server.requestTimeout = 10_000;
  server.listen(options.port, options.host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the probe server has no port");
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function respond({ registry, ready }: ProbeOptions): RequestListener {
  return async (request, response) => {
    const answer = (status: number, body: string, type = "text/plain; charset=utf-8") =>
      response.writeHead(status, { "content-type": type }).end(body);
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405, "only GET\n");
    const path = request.url?.split("?")[0];
    if (path === "/metrics" && registry !== undefined) {
      return registry.metrics().then(
        (text) => answer(200, text, registry.contentType),
        () => answer(500, "the metrics could not be collected\n"),
      );
    }
    if (path === "/healthz" && ready !== undefined) return answer(200, "ok\n");
    if (path === "/readyz" && ready !== undefined) {
      const awaited = ready();
      if (awaited.length === 0) return answer(200, "ready\n");
      return answer(503, awaited.map((what) => `waiting for ${escapeControl(what)}\n`).join(""));
    }
    const served = [...(registry ? ["/metrics"] : []), ...(ready ? ["/healthz", "/readyz"] : [])];
    return answer(404, `served here: ${served.join(", ")}\n`);
  };
}
