import { ServerCredentials } from "@grpc/grpc-js";
import type { CertificateSource } from "./certificates.ts";
import { tlsOptions } from "./tls.ts";

/**
 * Mutual TLS for a server: clients need a certificate of the source's CA. New handshakes use the newest pair, live
 * connections keep theirs; while there is no pair at all, connections are dropped.
 */
export function serverCredentials(source: CertificateSource): ServerCredentials {
  return new MutualTlsServer(source);
}

class MutualTlsServer extends ServerCredentials {
  constructor(source: CertificateSource) {
    const first = source.current();
    super({ requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" }, first && tlsOptions(first));
    source.subscribe((next) => this.updateSecureContextOptions(tlsOptions(next)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
