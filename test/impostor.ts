import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type SecureVersion } from "node:tls";
import type { Test } from "tap";
import type { KeyPair } from "../src/certs/issue.ts";

/** What listens where a provider should. */
export interface Impostor {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
  /** Bytes that it was sent once a connection stood: calls, and with them credentials. */
  received(): number;
}

/** Where an {@link Impostor} listens; any free port of loopback by default. */
export interface ImpostorOptions {
  readonly maxVersion?: SecureVersion | undefined;
  readonly host?: string;
  readonly port?: number;
}

/** Listens with this certificate for the rest of the test, and takes whatever client there is. */
export async function startImpostor(t: Test, pair: KeyPair, options: ImpostorOptions = {}): Promise<Impostor> {
  const { maxVersion = "TLSv1.3", host = "127.0.0.1", port = 0 } = options;
  let connections = 0;
  let received = 0;
  const server = createServer({
    cert: pair.certPem,
    key: pair.keyPem,
    maxVersion,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
  });
  server.on("connection", () => (connections += 1));
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => (received += bytes.length));
  });
  server.listen(port, host);
  await once(server, "listening");
  t.teardown(() => {
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    received: () => received,
  };
}
