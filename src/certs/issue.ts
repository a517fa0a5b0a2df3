// tsyringe, below @peculiar/x509, needs the Reflect polyfill before anything of it is loaded.
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { webcrypto } from "node:crypto";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** How long before `now` a certificate is already valid: clocks of two machines differ. */
const leeway = 60_000;

/** ub-common-name of RFC 5280: a longer one makes the certificate malformed. */
const maxCommonName = 64;

/** A certificate and its private key, both PEM (the key as PKCS #8). */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What {@link createCa} is asked for. */
export interface CaRequest {
  /** Subject and issuer, at most 64 characters. */
  readonly commonName: string;
  /** Milliseconds from `now` on. */
  readonly validity: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What {@link issueLeaf} is asked for. At least one of `dnsNames` and `uris` is there: that is what peers check. */
export interface LeafRequest {
  readonly ca: KeyPair;
  readonly usage: "server" | "client";
  readonly dnsNames?: readonly string[];
  /** URI identities, `spiffe://TRUST-DOMAIN/ns/NS/sa/SA`. */
  readonly uris?: readonly string[];
  /** Milliseconds from `now` on. */
  readonly validity: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * A self-signed CA on P-256 that signs leaves and no other CA (RFC 5280 4.2.1.9, pathLenConstraint 0).
 * Throws RangeError when the common name does not fit.
 */
export async function createCa(request: CaRequest): Promise<KeyPair> {
  if (request.commonName === "" || request.commonName.length > maxCommonName) {
    throw new RangeError(`the common name of a CA has 1 to ${maxCommonName} characters`);
  }
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [request.commonName] }],
      keys,
      ...validity(request),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: pem(certificate), keyPem: await exportKey(keys.privateKey) };
}

/**
 * A leaf on P-256, signed by `ca`. Its subject is empty and its names are critical (RFC 5280 4.2.1.6), so that no peer
 * takes a common name for an identity. Throws RangeError when there is no name.
 */
export async function issueLeaf(request: LeafRequest): Promise<KeyPair> {
  const names = [
    ...(request.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
    ...(request.uris ?? []).map((value) => ({ type: "url" as const, value })),
  ];
  if (names.length === 0) throw new RangeError("a leaf certificate needs a DNS name or a URI");
  const issuer = new X509Certificate(request.ca.certPem);
  const keys = await generateKeys();
  const purpose = request.usage === "server" ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const certificate = await X509CertificateGenerator.create(
    {
      issuer: issuer.subjectName.toJSON(),
      publicKey: keys.publicKey,
      signingKey: await importKey(request.ca.keyPem),
      ...validity(request),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([purpose]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        new SubjectAlternativeNameExtension(names, true),
      ],
    },
    webcrypto,
  );
  return { certPem: pem(certificate), keyPem: await exportKey(keys.privateKey) };
}

function validity(request: { readonly validity: number; readonly now: number }) {
  return {
    serialNumber: serialNumber(),
    notBefore: new Date(request.now - leeway),
    notAfter: new Date(request.now + request.validity),
  };
}

/** 128 random bits in hex; the library adds the zero byte that DER wants before a set first bit. */
function serialNumber(): string {
  return Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey("pkcs8", key);
  return `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`;
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  return await webcrypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(keyPem), algorithm, false, ["sign"]);
}
