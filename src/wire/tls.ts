import type { SecureContextOptions } from "node:tls";
import type { Certificates } from "./certificates.ts";

/**
 * TLS of either end: 1.3 and nothing older, certificates on P-256. Given whole at each update, since Node forgets
 * `minVersion` when a server's context is replaced without it.
 */
export function tlsOptions({ ca, cert, key }: Certificates): SecureContextOptions & { readonly sigalgs: string } {
  return { ca, cert, key, minVersion: "TLSv1.3", sigalgs: "ecdsa_secp256r1_sha256" };
}
