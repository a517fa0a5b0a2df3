import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { createCa, issueLeaf } from "./issue.ts";
import type { KeyPair } from "./issue.ts";

const now = Date.now();
const day = 86_400_000;

const newCa = async (commonName = "outboard test"): Promise<KeyPair> =>
  await createCa({ commonName, validity: day, now });

/** Whether OpenSSL's strictest check accepts `leaf` for `purpose` under `ca`; its words when it does not. */
function verify(folder: string, ca: KeyPair, leaf: KeyPair, purpose: "sslserver" | "sslclient"): string {
  writeFileSync(join(folder, "ca.crt"), ca.certPem);
  writeFileSync(join(folder, "leaf.crt"), leaf.certPem);
  const args = ["verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-CAfile", "ca.crt", "leaf.crt"];
  try {
    return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: "pipe" }).trim();
  } catch (error) {
    return String(error);
  }
}

test("OpenSSL's strict check accepts leaves for their purpose only", async (t) => {
  const folder = t.testdir();
  const ca = await newCa();
  const server = await issueLeaf({ ca, usage: "server", dnsNames: ["fake.outboard-local.svc"], validity: day, now });
  const client = await issueLeaf({ ca, usage: "client", uris: ["spiffe://a/ns/b/sa/c"], validity: day, now });
  t.equal(verify(folder, ca, server, "sslserver"), "leaf.crt: OK");
  t.equal(verify(folder, ca, client, "sslclient"), "leaf.crt: OK");
  t.match(verify(folder, ca, server, "sslclient"), /unsuitable certificate purpose/);
  t.match(verify(folder, ca, client, "sslserver"), /unsuitable certificate purpose/);
  t.match(verify(folder, await newCa(), server, "sslserver"), /signature failure|unable to get|key identifier/);
});

test("a leaf carries exactly its names, its key and its usage", async (t) => {
  const ca = await newCa();
  const dnsNames = ["fake.outboard-local.svc", `${"long.".repeat(30)}svc`];
  const leaf = await issueLeaf({ ca, usage: "server", dnsNames, uris: ["spiffe://a/b"], validity: day, now });
  const certificate = new X509Certificate(leaf.certPem);
  t.equal(certificate.subjectAltName, `${dnsNames.map((name) => `DNS:${name}`).join(", ")}, URI:spiffe://a/b`);
  t.equal(certificate.subject, undefined);
  t.equal(certificate.issuer, "CN=outboard test");
  t.equal(certificate.ca, false);
  t.strictSame(certificate.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  t.ok(certificate.checkIssued(new X509Certificate(ca.certPem)));
  t.ok(certificate.checkHost("fake.outboard-local.svc"));
  t.notOk(certificate.checkHost("fake"));
});

test("a certificate is valid from a minute ago for as long as asked", async (t) => {
  const instant = Date.UTC(2049, 11, 31, 23, 59, 0);
  const ca = await createCa({ commonName: "x", validity: day, now: instant });
  const certificate = new X509Certificate(ca.certPem);
  t.equal(certificate.validFromDate.getTime(), instant - 60_000);
  t.equal(certificate.validToDate.getTime(), instant + day, "2050 is past the range of UTCTime");
  t.ok(certificate.ca);
});

test("serial numbers are positive, at most 20 bytes, and differ", async (t) => {
  const ca = await newCa();
  const serials = new Set<string>();
  for (let index = 0; index < 20; index++) {
    const leaf = await issueLeaf({ ca, usage: "client", uris: ["spiffe://a/b"], validity: day, now });
    const serial = new X509Certificate(leaf.certPem).serialNumber;
    t.match(serial, /^[0-9A-F]{24,32}$/, "some 128 bits, without a sign");
    serials.add(serial);
  }
  t.equal(serials.size, 20);
});

test("a request that cannot make a certificate is refused", async (t) => {
  const ca = await newCa();
  await t.rejects(createCa({ commonName: "x".repeat(65), validity: day, now }), { name: "RangeError" });
  await t.rejects(createCa({ commonName: "", validity: day, now }), { name: "RangeError" });
  await t.rejects(issueLeaf({ ca, usage: "client", validity: day, now }), { name: "RangeError" });
});

test("a common name is text, never part of the name's syntax", async (t) => {
  const ca = await newCa("a, O=evil+CN=b");
  t.equal(new X509Certificate(ca.certPem).subject, "CN=a\\, O=evil\\+CN=b");
  const leaf = await issueLeaf({ ca, usage: "server", dnsNames: ["a.b.svc"], validity: day, now });
  t.equal(verify(t.testdir(), ca, leaf, "sslserver"), "leaf.crt: OK");
});
