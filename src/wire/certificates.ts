import { createHash, createPublicKey, X509Certificate } from "node:crypto";

/** What one end of a connection proves itself with and trusts, all PEM. */
export interface Certificates {
  /** One or more CA certificates. */
  readonly ca: string;
  /** The leaf, followed by intermediates if there are any. */
  readonly cert: string;
  /** Private key of the leaf. */
  readonly key: string;
}

/**
 * Where both ends of the wire get their certificates: one seam, so that what is behind it can change while connections
 * live. `current` is undefined until there is a first pair; listeners hear of each new one.
 */
export interface CertificateSource {
  current(): Certificates | undefined;
  /** Returns what ends the subscription. */
  subscribe(listener: (certificates: Certificates) => void): () => void;
}

/** A source whose owner hands in the pairs. */
export interface UpdatableCertificates extends CertificateSource {
  /** Throws what {@link checkCertificates} throws, and then holds on to what it had. */
  update(certificates: Certificates): void;
}

/** A source that holds what it is given. */
export function certificates(first?: Certificates): UpdatableCertificates {
  let held = first;
  const listeners = new Set<(next: Certificates) => void>();
  return {
    current: () => held,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update: (next) => {
      checkCertificates(next);
      held = next;
      for (const listener of listeners) listener(next);
    },
  };
}

/** Throws an Error that names the part which cannot be used: no PEM, or a key that is not the leaf's. */
export function checkCertificates({ ca, cert, key }: Certificates): void {
  for (const pem of split(ca, "the CA bundle")) read(pem, "the CA bundle");
  const [leaf = ""] = split(cert, "the certificate");
  let publicKey: ReturnType<typeof createPublicKey>;
  try {
    publicKey = createPublicKey(key);
  } catch {
    throw new Error("the private key is no PEM that can be read");
  }
  if (!read(leaf, "the certificate").publicKey.equals(publicKey)) {
    throw new Error("the private key does not belong to the certificate");
  }
}

/** What Describe tells of the pair in use. */
export interface CertificatesIdentity {
  /** SHA-256 over the DER of the CA certificates, sorted. */
  readonly trustBundleDigest: Uint8Array;
  /** Serial number of the leaf, upper-case hex. */
  readonly leafSerial: string;
}

/** {@link CertificatesIdentity} of a pair. */
export function identify({ ca, cert }: Certificates): CertificatesIdentity {
  const bundle = split(ca, "the CA bundle").map((pem) => read(pem, "the CA bundle").raw);
  const hash = createHash("sha256");
  for (const der of bundle.toSorted((a, b) => Buffer.compare(a, b))) hash.update(der);
  return { trustBundleDigest: hash.digest(), leafSerial: read(cert, "the certificate").serialNumber };
}

function split(pem: string, what: string): readonly string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (found === null) throw new Error(`${what} has no certificate in PEM`);
  return found;
}

function read(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Error(`${what} is no certificate that can be read`);
  }
}
