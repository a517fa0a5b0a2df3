import { createPrivateKey, X509Certificate } from "node:crypto";
import type { KeyPair } from "./issue.ts";

/** A certificate, read. Times are milliseconds since the epoch. */
export interface Certificate {
  /** As it is written into bundles: one block, with a newline at its end. */
  readonly pem: string;
  readonly x509: X509Certificate;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly fingerprint: string;
}

/** A certificate whose private key is at hand, and is its own. */
export interface HeldCertificate {
  readonly pair: KeyPair;
  readonly certificate: Certificate;
}

const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All certificates in a PEM text; what cannot be read is left out. */
export function readCertificates(pem: Uint8Array | undefined): readonly Certificate[] {
  const blocks = textOf(pem).match(block) ?? [];
  return blocks.map(readBlock).filter((each) => each !== undefined);
}

/** A certificate and its key; undefined when either cannot be read, or the key is another's. */
export function readPair(cert: Uint8Array | undefined, key: Uint8Array | undefined): HeldCertificate | undefined {
  const [certificate] = readCertificates(cert);
  if (certificate === undefined) return undefined;
  try {
    const privateKey = createPrivateKey(textOf(key));
    if (!certificate.x509.checkPrivateKey(privateKey)) return undefined;
    const keyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    return { pair: { certPem: certificate.pem, keyPem }, certificate };
  } catch {
    return undefined;
  }
}

/** Whether `ca` signed `leaf`, by name and by signature. */
export function isSignedBy(leaf: Certificate, ca: Certificate): boolean {
  return leaf.x509.checkIssued(ca.x509) && leaf.x509.verify(ca.x509.publicKey);
}

/** Text without its key: what is no text is no PEM either. */
export function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "" : Buffer.from(bytes).toString("latin1");
}

function readBlock(pem: string): Certificate | undefined {
  try {
    const x509 = new X509Certificate(pem);
    return {
      pem: `${pem}\n`,
      x509,
      notBefore: x509.validFromDate.getTime(),
      notAfter: x509.validToDate.getTime(),
      fingerprint: x509.fingerprint256,
    };
  } catch {
    return undefined;
  }
}
