import { CallCredentials, ChannelCredentials } from "@grpc/grpc-js";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import type { CertificateSource } from "./certificates.ts";
import { tlsOptions } from "./tls.ts";

/**
 * Mutual TLS for a client. The server's certificate must be of the source's CA and carry the DNS name `serverName`
 * itself: no wildcard, no shorter form, no common name. Each connection is made with the newest pair; while there is
 * none, connecting waits.
 */
export function channelCredentials(source: CertificateSource, serverName: string): ChannelCredentials {
  return new MutualTlsChannel(source, serverName);
}

/** What is wrong with a server's subjectAltName (as Node writes it), if anything. */
export function checkServerName(serverName: string, subjectAltName: string | undefined): Error | undefined {
  if (subjectAltName?.split(", ").includes(`DNS:${serverName}`)) return undefined;
  return new Error(`the server's certificate is not for ${serverName}`);
}

// grpc-js does not export this type.
type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

class MutualTlsChannel extends ChannelCredentials {
  readonly #source: CertificateSource;
  readonly #serverName: string;

  constructor(source: CertificateSource, serverName: string) {
    super();
    this.#source = source;
    this.#serverName = serverName;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(_target: unknown, _options: unknown, callCredentials?: CallCredentials): Connector {
    const source = this.#source;
    const serverName = this.#serverName;
    const credentials = callCredentials ?? CallCredentials.createEmpty();
    const stopped = new AbortController();
    return {
      connect: (socket) => handshake(socket, source, serverName),
      waitForReady: () => firstPair(source, stopped.signal),
      getCallCredentials: () => credentials,
      destroy: () => stopped.abort(),
    };
  }
}

type Connect = Connector["connect"];

async function handshake(
  socket: Parameters<Connect>[0],
  source: CertificateSource,
  serverName: string,
): Promise<Awaited<ReturnType<Connect>>> {
  const pair = source.current();
  if (pair === undefined) throw new Error("there is no client certificate yet");
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secured = connect({
    ...tlsOptions(pair),
    socket,
    servername: serverName,
    ALPNProtocols: ["h2"],
    checkServerIdentity: (_host: string, { subjectaltname }: PeerCertificate) =>
      checkServerName(serverName, subjectaltname),
  });
  secured.once("secureConnect", () => resolve(secured));
  // Stays: an error after the handshake must not end the process.
  secured.on("error", reject);
  secured.once("close", () => reject(new Error("the connection ended during the TLS handshake")));
  return { socket: await promise, secure: true };
}

async function firstPair(source: CertificateSource, signal: AbortSignal): Promise<void> {
  if (source.current() !== undefined) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = source.subscribe(() => resolve());
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  unsubscribe();
}
