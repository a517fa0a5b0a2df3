import { createHash, createPublicKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { tlsOptions } from "./tls.ts";

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

/** A pair is expired or not valid yet, and was not taken since the one that is held is neither. */
export class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
}

/** A source whose owner hands in the pairs. */
export interface UpdatableCertificates extends CertificateSource {
  /**
   * Takes a pair over; false: it is the one that is held. Throws what {@link checkCertificates} throws, or OutOfTimeError,
   * and then holds on to what it had.
   * @param now milliseconds since the epoch
   */
  update(certificates: Certificates, now?: number): boolean;
  /** Why the pair that is held does not serve at `now`: expired, or not valid yet; undefined: it does, or there is none. */
  fault(now: number): string | undefined;
}

/** A source that holds what it is given. */
export function certificates(first?: Certificates): UpdatableCertificates {
  let held = first;
  let known: Validity | undefined;
  // Asked at each call: to parse each time would cost more than the rest of it.
  const validity = () => held && (known ??= validityOf(held));
  const listeners = new Set<(next: Certificates) => void>();
  return {
    current: () => held,
    fault: (now) => {
      const own = validity();
      return own && faultOf(own, now);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    update: (next, now = Date.now()) => {
      if (held !== undefined && held.ca === next.ca && held.cert === next.cert && held.key === next.key) return false;
      checkCertificates(next);
      const validityOfNext = validityOf(next);
      const fault = faultOf(validityOfNext, now);
      const own = validity();
      // When neither is of any use, the newer one tells peers what is wrong.
      if (fault !== undefined && own !== undefined && faultOf(own, now) === undefined) {
        throw new OutOfTimeError(fault);
      }
      held = next;
      known = validityOfNext;
      for (const listener of listeners) listener(next);
      return true;
    },
  };
}

/** Throws an Error that names the part which cannot be used: no PEM, a key that is not the leaf's or not on P-256. */
export function checkCertificates({ ca, cert, key }: Certificates): void {
  split(ca, "the CA bundle");
  const [leaf] = split(cert, "the certificate");
  let publicKey: ReturnType<typeof createPublicKey>;
  try {
    publicKey = createPublicKey(key);
  } catch {
    throw new Error("the private key is no PEM that can be read");
  }
  if (!leaf.publicKey.equals(publicKey)) throw new Error("the private key does not belong to the certificate");
  if (publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("the private key is not on the curve P-256, the only one that connections use");
  }
  try {
    createSecureContext(tlsOptions({ ca, cert, key }));
  } catch {
    throw new Error("the TLS library does not take the certificate");
  }
}

/** When a pair serves, milliseconds since the epoch. */
interface Validity {
  readonly from: number;
  readonly to: number;
  /** When the last certificate of the CA bundle ends. */
  readonly caTo: number;
}

function validityOf({ ca, cert }: Certificates): Validity {
  const [leaf] = split(cert, "the certificate");
  const ends = split(ca, "the CA bundle").map(({ validTo }) => Date.parse(validTo));
  return { from: Date.parse(leaf.validFrom), to: Date.parse(leaf.validTo), caTo: Math.max(...ends) };
}

function faultOf({ from, to, caTo }: Validity, now: number): string | undefined {
  if (now >= to) return `the certificate expired at ${new Date(to).toISOString()}`;
  if (now < from) return `the certificate is not valid before ${new Date(from).toISOString()}`;
  return now >= caTo ? "all certificates of the CA bundle have expired" : undefined;
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
  const bundle = split(ca, "the CA bundle").map(({ raw }) => raw);
  const hash = createHash("sha256");
  for (const der of bundle.toSorted((a, b) => Buffer.compare(a, b))) hash.update(der);
  return { trustBundleDigest: hash.digest(), leafSerial: split(cert, "the certificate")[0].serialNumber };
}

/** Whom a leaf is for, as metrics say it. Empty: its names do not tell. */
export interface LeafOwner {
  readonly namespace: string;
  /** A provider's Service, or a client's ServiceAccount. */
  readonly service: string;
}

/** By the first name of the form SERVICE.NAMESPACE.svc, else by a URI that ends in /ns/NAMESPACE/sa/ACCOUNT. */
export function leafOwner({ cert }: Certificates): LeafOwner {
  const names = split(cert, "the certificate")[0].subjectAltName ?? "";
  const [, service, namespace] = /(?:^|, )DNS:([^.,"]+)\.([^.,"]+)\.svc(?:,|$)/.exec(names) ?? [];
  if (service !== undefined && namespace !== undefined) return { namespace, service };
  const [, ns = "", account = ""] = /(?:^|, )URI:[^,"]*\/ns\/([^/,"]+)\/sa\/([^/,"]+)(?:,|$)/.exec(names) ?? [];
  return { namespace: ns, service: account };
}

function split(pem: string, what: string): readonly [X509Certificate, ...X509Certificate[]] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = found.map((each) => read(each, what));
  if (first === undefined) throw new Error(`${what} has no certificate in PEM`);
  return [first, ...others];
}

function read(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Error(`${what} is no certificate that can be read`);
  }
}
