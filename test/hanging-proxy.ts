import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP proxy before a backend that never answers a request whose path has `hang` in it, and counts what it saw. */
export interface HangingProxy {
  readonly url: string;
  /** Requests that hang now. */
  hanging(): number;
  /** How many hanging requests the client gave up (it closed the socket). */
  closed(): number;
  stop(): Promise<void>;
}

/** Starts a proxy on loopback that forwards to `target` (http://HOST:PORT). */
export async function startHangingProxy(target: string): Promise<HangingProxy> {
  const { hostname, port } = new URL(target);
  let hanging = 0;
  let closed = 0;
  const server = createServer((incoming, outgoing) => {
    if (incoming.url?.includes("hang") === true) {
      hanging += 1;
      incoming.socket.once("close", () => {
        hanging -= 1;
        closed += 1;
      });
      return;
    }
    const { url, method, headers } = incoming;
    const forwarded = request({ hostname, port, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hanging: () => hanging,
    closed: () => closed,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
