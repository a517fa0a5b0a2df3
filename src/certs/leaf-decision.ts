import { createHash } from "node:crypto";
import {
  isSignedBy,
  readCertificates,
  readPair,
  textOf,
  type Certificate,
  type HeldCertificate,
} from "./certificate.ts";
import type { CertificateSecret } from "../cluster/certificate-secret.ts";
import { rotateAnnotation } from "./names.ts";
import { ownersOf } from "./owners.ts";
import type { Target } from "./target.ts";

/** Why a leaf is issued; the label `reason` of the rotation metric. */
export type LeafReason = "missing" | "unusable" | "ca" | "names" | "expiry" | "requested";

/** The CA that signs now, and what peers are to trust. */
export interface IssuingCa extends HeldCertificate {
  /** PEM. */
  readonly bundle: string;
  /** Changes with either of the two. */
  readonly revision: string;
}

/** What is to be done with one Secret. */
export type LeafDecision =
  /** A leaf, and with it all else. */
  | { readonly act: "issue"; readonly reason: LeafReason }
  /** The leaf is good, what is beside it is not. */
  | { readonly act: "write"; readonly leaf: Certificate }
  /** Nothing until `at` (milliseconds since the epoch), if there is such a time. */
  | { readonly act: "none"; readonly leaf: Certificate; readonly at: number | undefined };

/** What {@link decideLeaf} goes by, milliseconds. */
export interface LeafRules {
  readonly leafValidity: number;
  /** How long before its end a leaf is replaced. */
  readonly leafLookahead: number;
}

/** Keys of a Secret of type kubernetes.io/tls, and the one that providers read their rules from. */
export const leafKeys = { ca: "ca.crt", cert: "tls.crt", key: "tls.key", clients: "clients" } as const;

const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

/** An {@link IssuingCa}. */
export function issuingCa(held: HeldCertificate, bundle: string): IssuingCa {
  const hash = createHash("sha256").update(held.certificate.fingerprint).update(bundle);
  return { ...held, bundle, revision: hash.digest("hex") };
}

/** What `target` needs, given what its Secret holds; undefined: there is none. */
export function decideLeaf(
  secret: CertificateSecret | undefined,
  target: Target,
  ca: IssuingCa,
  rules: LeafRules,
  now: number,
): LeafDecision {
  if (secret === undefined) return { act: "issue", reason: "missing" };
  const held = readPair(secret.data.get(leafKeys.cert), secret.data.get(leafKeys.key));
  if (held === undefined) return { act: "issue", reason: "unusable" };
  const { certificate } = held;
  const reason = reasonToIssue(certificate, target, ca, rules, now);
  if (reason !== undefined) return { act: "issue", reason };
  if (secret.annotations[rotateAnnotation] === "now") return { act: "issue", reason: "requested" };
  if (!isInOrder(secret, target, ca)) return { act: "write", leaf: certificate };
  const at = endsBefore(certificate, ca) ? certificate.notAfter - rules.leafLookahead : undefined;
  return { act: "none", leaf: certificate, at };
}

/** How long a leaf that is issued at `now` is valid: it never outlives its CA. */
export function validityOf(ca: HeldCertificate, { leafValidity }: LeafRules, now: number): number {
  return Math.min(leafValidity, ca.certificate.notAfter - now);
}

/** The names in a leaf, as Node writes them: "DNS:a.b.svc", "URI:spiffe://a/b". */
export function namesIn({ x509 }: Certificate): ReadonlySet<string> {
  return new Set(x509.subjectAltName?.split(", "));
}

/** The same for what a Secret holds; empty when that is no certificate. */
export function namesHeld(secret: CertificateSecret | undefined): ReadonlySet<string> {
  const [certificate] = readCertificates(secret?.data.get(leafKeys.cert));
  return certificate === undefined ? new Set() : namesIn(certificate);
}

function reasonToIssue(
  leaf: Certificate,
  target: Target,
  ca: IssuingCa,
  rules: LeafRules,
  now: number,
): LeafReason | undefined {
  const { keyUsage } = leaf.x509;
  if (leaf.notBefore > now || keyUsage?.length !== 1 || keyUsage[0] !== usages[target.usage]) return "unusable";
  if (!isSignedBy(leaf, ca.certificate)) return "ca";
  const wanted = new Set([...target.dnsNames.map((name) => `DNS:${name}`), ...target.uris.map((uri) => `URI:${uri}`)]);
  const held = namesIn(leaf);
  if (held.size !== wanted.size || ![...wanted].every((name) => held.has(name))) return "names";
  return now >= leaf.notAfter - rules.leafLookahead && endsBefore(leaf, ca) ? "expiry" : undefined;
}

/** Whether a leaf could last longer: one that ends with its CA is not made better by another of the same CA. */
function endsBefore(leaf: Certificate, ca: IssuingCa): boolean {
  return leaf.notAfter < ca.certificate.notAfter;
}

function isInOrder({ data, ownerReferences }: CertificateSecret, target: Target, ca: IssuingCa): boolean {
  const owners = ownersOf(target);
  return (
    textOf(data.get(leafKeys.ca)) === ca.bundle &&
    (target.clients === undefined || textOf(data.get(leafKeys.clients)) === target.clients) &&
    ownerReferences.length === owners.length &&
    owners.every(({ uid }, index) => ownerReferences[index]?.uid === uid)
  );
}
