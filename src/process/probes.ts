import { createServer, type RequestListener } from "node:http";
import { once } from "node:events";
import { escapeControl } from "../api/escape.ts";
import type { Registry } from "./metrics.ts";

/** What {@link serveProbes} needs. */
export interface ProbeOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly registry: Registry;
  /** What the process still awaits, in words; empty: it is ready. */
  readonly ready: () => readonly string[];
}

/** A running probe server. */
export interface Probes {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves /metrics (Prometheus text), /healthz (the process answers) and /readyz (503 and what is awaited) over HTTP. */
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
    switch (request.url?.split("?")[0]) {
      case "/healthz":
        return answer(200, "ok\n");
      case "/readyz": {
        const awaited = ready();
        if (awaited.length === 0) return answer(200, "ready\n");
        return answer(503, awaited.map((what) => `waiting for ${escapeControl(what)}\n`).join(""));
      }
      case "/metrics":
        return registry.metrics().then(
          (text) => answer(200, text, registry.contentType),
          () => answer(500, "the metrics could not be collected\n"),
        );
      default:
        return answer(404, "/metrics, /healthz and /readyz are served here\n");
    }
  };
}
