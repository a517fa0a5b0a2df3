import { readCertificates, readPair, textOf, type Certificate, type HeldCertificate } from "./certificate.ts";
import type { CertificateSecret } from "../cluster/certificate-secret.ts";
import type { KeyPair } from "./issue.ts";
import { rotateAnnotation } from "./names.ts";

/**
 * Where the CA is in its replacement. `stable`: one CA. `announced`: the next one is in every trust bundle and signs
 * nothing yet. `switched`: it signs, and the one before is still trusted.
 */
export type CaPhase = "stable" | "announced" | "switched";

/** What the CA's Secret says. */
export interface CaState {
  /** Signs now; undefined: it cannot, since certificate or key are not there or do not fit. It may have expired. */
  readonly ca: HeldCertificate | undefined;
  /** Its certificate alone, as far as it is one: leaves that it signed are out there. */
  readonly caCertificate: Certificate | undefined;
  readonly next: HeldCertificate | undefined;
  readonly previous: readonly Certificate[];
  /** Undefined: not said, or in words that this version does not know. */
  readonly phase: CaPhase | undefined;
  /** When the phase began, milliseconds since the epoch. */
  readonly since: number;
  /** Somebody asked for a new CA. */
  readonly requested: boolean;
}

/** Keys of the Secret; others are left as they are. */
export const caKeys = {
  cert: "ca.crt",
  key: "ca.key",
  nextCert: "next.crt",
  nextKey: "next.key",
  previous: "previous.crt",
  phase: "phase",
} as const;

/** Reads the CA's Secret. What is torn is undefined, and never an error. */
export function readCaState({ data, annotations }: Pick<CertificateSecret, "data" | "annotations">): CaState {
  const phase = readPhase(data.get(caKeys.phase));
  return {
    ca: canSign(readPair(data.get(caKeys.cert), data.get(caKeys.key))),
    caCertificate: readCertificates(data.get(caKeys.cert)).find(({ x509 }) => x509.ca),
    next: canSign(readPair(data.get(caKeys.nextCert), data.get(caKeys.nextKey))),
    previous: readCertificates(data.get(caKeys.previous)).filter(({ x509 }) => x509.ca),
    phase: phase?.phase,
    since: phase?.since ?? 0,
    requested: annotations[rotateAnnotation] === "now",
  };
}

/** What peers are to trust, PEM, the signing one first. Empty when there is none. */
export function trustBundle({ ca, next, previous, phase }: CaState): string {
  const trusted = [
    ...(ca === undefined ? [] : [ca.certificate]),
    ...(phase === "announced" && next !== undefined ? [next.certificate] : []),
    ...(phase === "stable" ? [] : previous),
  ];
  return trusted.map(({ pem }) => pem).join("");
}

/** What is to be written for a CA that comes without notice: `previous` stays trusted. */
export function replaced(made: KeyPair, previous: readonly Certificate[], now: number): CaData {
  return caData({ ca: made, next: null, previous, phase: previous.length === 0 ? "stable" : "switched", now });
}

/** The same, for a next CA that is made known. */
export function announced(made: KeyPair, now: number): CaData {
  return new Map([
    [caKeys.nextCert, bytes(made.certPem)],
    [caKeys.nextKey, bytes(made.keyPem)],
    [caKeys.phase, phaseBytes("announced", now)],
  ]);
}

/** The same, when the next CA begins to sign. */
export function switched(next: HeldCertificate, previous: readonly Certificate[], now: number): CaData {
  return caData({ ca: next.pair, next: null, previous, phase: "switched", now });
}

/** The same, when nobody needs the one before any more. */
export function retired(now: number): CaData {
  return new Map([
    [caKeys.nextCert, null],
    [caKeys.nextKey, null],
    [caKeys.previous, null],
    [caKeys.phase, phaseBytes("stable", now)],
  ]);
}

/** The same, for a phase that is told from what is there. */
export function repaired(phase: CaPhase, now: number): CaData {
  return new Map([[caKeys.phase, phaseBytes(phase, now)]]);
}

/** Changes to the Secret's data; null: taken out. */
export type CaData = ReadonlyMap<string, Uint8Array | null>;

function caData(state: {
  readonly ca: KeyPair;
  readonly next: null;
  readonly previous: readonly Certificate[];
  readonly phase: CaPhase;
  readonly now: number;
}): CaData {
  const previous = state.previous.map(({ pem }) => pem).join("");
  return new Map([
    [caKeys.cert, bytes(state.ca.certPem)],
    [caKeys.key, bytes(state.ca.keyPem)],
    [caKeys.nextCert, state.next],
    [caKeys.nextKey, state.next],
    [caKeys.previous, previous === "" ? null : bytes(previous)],
    [caKeys.phase, phaseBytes(state.phase, state.now)],
  ]);
}

/** Ours are on P-256; with another key nothing would be signed. */
function canSign(held: HeldCertificate | undefined): HeldCertificate | undefined {
  const curve = held?.certificate.x509.publicKey.asymmetricKeyDetails?.namedCurve;
  return held?.certificate.x509.ca && curve === "prime256v1" ? held : undefined;
}

function phaseBytes(phase: CaPhase, now: number): Uint8Array {
  return bytes(JSON.stringify({ phase, since: new Date(now).toISOString() }));
}

function readPhase(value: Uint8Array | undefined): { readonly phase: CaPhase; readonly since: number } | undefined {
  let read: unknown;
  try {
    read = JSON.parse(textOf(value));
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read === null || !("phase" in read) || !("since" in read)) return undefined;
  const { phase } = read;
  const since = typeof read.since === "string" ? Date.parse(read.since) : Number.NaN;
  if ((phase !== "stable" && phase !== "announced" && phase !== "switched") || Number.isNaN(since)) return undefined;
  return { phase, since };
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
