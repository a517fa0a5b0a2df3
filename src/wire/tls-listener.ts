import { ServerCredentials, type Server } from "@grpc/grpc-js";
import { constants } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { CertificateSource } from "./certificates.ts";
import { handshakeRefusal, type HandshakeRefusal } from "./handshake-refusal.ts";
import { tlsOptions } from "./tls.ts";

/** A client that did not get as far as a call. */
export interface RefusedHandshake {
  readonly reason: HandshakeRefusal;
  /** IP address it came from; undefined: it was gone at once. */
  readonly from: string | undefined;
}

/** What {@link listenTls} needs. */
export interface TlsListenerOptions {
  /** What answers the calls. */
  readonly server: Server;
  readonly certificates: CertificateSource;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly onRefused?: (refused: RefusedHandshake) => void;
}

/** A port that takes connections. */
export interface TlsListener {
  readonly port: number;
  /** Takes no more connections. Resolves when the last one has ended, which is for the server to see to. */
  close(): Promise<void>;
}

/** How long a handshake may take, milliseconds: Node's own 120 s would let a stranger hold that many more sockets. */
const handshakeTimeout = 10_000;

/**
 * Serves `server` with mutual TLS: clients need a certificate of the source's CA. New handshakes use the newest pair, live
 * connections keep theirs; while there is no pair at all, handshakes fail. grpc-js would make a TLS server of its own, but
 * out of reach, so that nobody could tell who was refused and why. Rejects when the port cannot be had.
 */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { server, certificates, host, port, onRefused = () => undefined } = options;
  // No TLS here, since what is handed over has been through it.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const first = certificates.current();
  const listener = createServer({
    ...(first === undefined ? { minVersion: "TLSv1.3" } : tlsOptions(first)),
    ...serverOnly,
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ["h2"],
    handshakeTimeout,
  });
  const refuse = (socket: TLSSocket, reason: HandshakeRefusal) => {
    socket.destroy();
    onRefused({ reason, from: remoteAddress(socket) });
  };
  // Node remembers the address from here on: of a socket that is closed it could not tell any more.
  listener.on("connection", (socket: Socket) => socket.remoteAddress);
  listener.on("secureConnection", (socket) => {
    // The HTTP/2 session hears of it as well; without a listener here it would end the process.
    socket.on("error", () => undefined);
    if (!listener.listening) socket.destroy();
    else if (socket.alpnProtocol === "h2") injector.injectConnection(socket);
    else refuse(socket, "no-http2");
  });
  listener.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => {
    const ready = certificates.current() !== undefined;
    refuse(socket, ready ? handshakeRefusal(error.code, authorizationError(socket)) : "not-ready");
  });
  const unsubscribe = certificates.subscribe((next) =>
    listener.setSecureContext({ ...tlsOptions(next), ...serverOnly }),
  );
  listener.once("close", unsubscribe);
  listener.listen(port, host);
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    close: () => new Promise((resolve) => listener.close(() => resolve())),
  };
}

/** A client that came back with a ticket would not be looked at again, though its certificate has expired since. */
const serverOnly = { secureOptions: constants.SSL_OP_NO_TICKET };

/** Node's type is Error, and what it holds is OpenSSL's code, or null. */
function authorizationError(socket: TLSSocket): string | undefined {
  const code: unknown = socket.authorizationError;
  return typeof code === "string" ? code : undefined;
}

/** Of the TCP socket, which Node keeps in a private field. Were it gone, a log line would miss the address. */
function remoteAddress(socket: TLSSocket): string | undefined {
  return (socket as { readonly _parent?: Socket })._parent?.remoteAddress;
}
