import { test } from "tap";
import { readPair, type HeldCertificate } from "./certificate.ts";
import type { CertificateSecret } from "../cluster/certificate-secret.ts";
import { createCa, issueLeaf, type KeyPair, type LeafRequest } from "./issue.ts";
import { decideLeaf, issuingCa, validityOf, type LeafDecision } from "./leaf-decision.ts";
import { serverTargets, type Target } from "./target.ts";

const second = 1_000;
const start = Date.UTC(2026, 0, 1);
const rules = { leafValidity: 12 * second, leafLookahead: 7 * second };

const held = (pair: KeyPair): HeldCertificate => {
  const read = readPair(Buffer.from(pair.certPem), Buffer.from(pair.keyPem));
  if (read === undefined) throw new Error("no pair");
  return read;
};
const newCa = async (commonName: string) => held(await createCa({ commonName, validity: 40 * second, now: start }));
const signing = await newCa("one");
const ca = issuingCa(signing, signing.pair.certPem);
const other = await newCa("one");

const service = {
  namespace: "team",
  name: "vault",
  uid: "1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  deleting: false,
};
const namespace = { name: "team", labels: {}, terminating: false };
const clients = [{ secretName: "x", uri: "spiffe://a/b", allowed: "spiffe://a/b" }];
const [found] = serverTargets(namespace, [service], {
  systemNamespace: "s",
  clusterDomain: "c.local",
  clients,
}).targets;
if (found === undefined) throw new Error("no target");
const target: Target = found;

const leaf = (changes: Partial<LeafRequest> = {}) =>
  issueLeaf({
    ca: signing.pair,
    usage: "server",
    dnsNames: target.dnsNames,
    validity: rules.leafValidity,
    now: start,
    ...changes,
  });

function secretOf(pair: KeyPair, changes: Partial<CertificateSecret> = {}, bundle = ca.bundle): CertificateSecret {
  return {
    key: target.key,
    uid: "9",
    resourceVersion: "1",
    type: "kubernetes.io/tls",
    labels: {},
    annotations: {},
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "vault", uid: "1" }],
    data: new Map([
      ["tls.crt", Buffer.from(pair.certPem)],
      ["tls.key", Buffer.from(pair.keyPem)],
      ["ca.crt", Buffer.from(bundle)],
      ["clients", Buffer.from("spiffe://a/b\n")],
    ]),
    ...changes,
  };
}

const told = (decision: LeafDecision) =>
  decision.act === "issue" ? decision.reason : decision.act === "write" ? "write" : decision.at;

test("a leaf is issued for a reason, and else left alone", async (t) => {
  const good = await leaf();
  const decide = (secret: CertificateSecret | undefined, after = 0) =>
    told(decideLeaf(secret, target, ca, rules, start + after * second));
  t.equal(decide(secretOf(good)), start + 5 * second, "due when its lookahead begins");
  t.equal(decide(secretOf(good), 5), "expiry");
  t.equal(decide(undefined), "missing");
  t.equal(decide(secretOf({ ...good, keyPem: (await leaf()).keyPem })), "unusable");
  t.equal(decide(secretOf({ ...good, certPem: "" })), "unusable");
  t.equal(decide(secretOf(await leaf({ usage: "client" }))), "unusable");
  t.equal(decide(secretOf(await leaf({ now: start + 3_600_000 }))), "unusable", "not valid yet");
  t.equal(decide(secretOf(await leaf({ ca: other.pair }))), "ca", "of another CA with the same name");
  const forged = { certPem: signing.pair.certPem, keyPem: other.pair.keyPem };
  t.equal(decide(secretOf(await leaf({ ca: forged }))), "ca", "named after our CA, and signed by another");
  t.equal(decide(secretOf(await leaf({ dnsNames: target.dnsNames.slice(1) }))), "names");
  t.equal(decide(secretOf(await leaf({ dnsNames: [...target.dnsNames, "more"] }))), "names");
  t.equal(decide(secretOf(good, { annotations: { "external-secrets.io/rotate": "now" } })), "requested");
  t.equal(decide(secretOf(good, { annotations: { "external-secrets.io/rotate": "never" } })), start + 5 * second);
  t.equal(decide(secretOf(good, {}, "")), "write", "of the bundle only");
  t.equal(decide(secretOf(good, { ownerReferences: [] })), "write", "of the owners only");
});

test("a leaf never outlives its CA, and one that ends with it is not issued over and over", async (t) => {
  const late = start + 35 * second;
  t.equal(validityOf(ca, rules, start), 12 * second);
  t.equal(validityOf(ca, rules, late), 5 * second);
  const last = await leaf({ now: late, validity: validityOf(ca, rules, late) });
  const decision = decideLeaf(secretOf(last), target, ca, rules, late + second);
  t.match(decision, { act: "none", at: undefined });
});
