import { X509Certificate } from "node:crypto";
import { test } from "tap";
import { caId, certsWorld, coreId, day, minute, second, system, webhookId } from "../../test/certs-world.ts";
import { ClusterError } from "../cluster/cluster.ts";
import { createCa } from "./issue.ts";

test("a labelled Service is all it takes", async (t) => {
  const { cluster, begin, pass, leaf, data, rotations } = certsWorld(t);
  await begin();
  t.strictSame([...cluster.secrets.keys()].toSorted(), [caId, coreId, webhookId].toSorted());
  t.equal(leaf(coreId).subjectAltName, `URI:spiffe://cluster.local/ns/${system}/sa/outboard-core`);
  cluster.setService("team", "vault");
  cluster.setService("shared", "vault");
  cluster.setService("shared", "aws");
  await pass(2 * second);
  const own = "shared/external-secrets-provider-tls-vault";
  t.equal(
    leaf(own).subjectAltName,
    "DNS:vault, DNS:vault.shared, DNS:vault.shared.svc, DNS:vault.shared.svc.cluster.local",
  );
  t.ok(cluster.secrets.has("shared/external-secrets-provider-tls-aws"));
  t.notOk(cluster.secrets.has("shared/external-secrets-provider-tls"), "there is no common one");
  t.equal(data(own, "ca.crt"), data(caId, "ca.crt"));
  t.ok(leaf(own).checkIssued(new X509Certificate(data(caId, "ca.crt"))));
  const account = `spiffe://cluster.local/ns/${system}/sa/outboard`;
  t.equal(data(own, "clients"), `${account}-core\n${account}-webhook;methods=Describe,ValidateStore\n`);
  t.match(cluster.secrets.get(own), {
    type: "kubernetes.io/tls",
    labels: { "external-secrets.io/system": system },
    ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "vault", uid: "shared-vault" }],
  });
  t.equal(cluster.secrets.get(own)?.data.has("ca.key"), false);
  t.strictSame(await rotations(), {
    [`${system}/eso-provider-ca-internal missing`]: "1",
    [`${system}/eso-provider-client-tls missing`]: "1",
    [`${system}/eso-provider-webhook-client-tls missing`]: "1",
    "team/vault missing": "1",
    "shared/vault missing": "1",
    "shared/aws missing": "1",
  });
  t.strictSame(cluster.events.toSorted(), [
    "shared/aws CertificateIssued",
    "shared/vault CertificateIssued",
    "team/vault CertificateIssued",
  ]);
});

test("a namespace without the administrator's label has one Secret, for the Services that are there", async (t) => {
  const { cluster, begin, pass, leaf, rotations } = certsWorld(t);
  const id = "team/external-secrets-provider-tls";
  cluster.setService("team", "b");
  cluster.setService("team", "a");
  await begin();
  t.match(leaf(id).subjectAltName, /^DNS:a, .*, DNS:b\.team\.svc\.cluster\.local$/);
  t.equal(cluster.secrets.get(id)?.ownerReferences.length, 2);

  cluster.removeService("team", "b");
  await pass(2 * second);
  t.notMatch(leaf(id).subjectAltName, /DNS:b/);
  t.strictSame(
    cluster.secrets.get(id)?.ownerReferences.map(({ name }) => name),
    ["a"],
  );
  t.equal((await rotations())["team/a names"], "1");

  const before = cluster.secrets.get(id);
  cluster.removeService("team", "a");
  await pass(40 * day, day / 2);
  t.equal(cluster.secrets.get(id), before, "the last one's is kept, and not renewed");
  t.notMatch(Object.keys(await rotations()).join(), /team/, "its series have ended");
});

test("a Service that is renamed, or a namespace that gets the label, is served under the new name", async (t) => {
  const { cluster, begin, pass, metrics } = certsWorld(t);
  cluster.setService("team", "vault");
  await begin();
  t.match(await metrics(), /certificate_expiry_seconds\{namespace="team",service="vault"\} 777\d/);
  cluster.setNamespace("team", { labels: { "external-secrets.io/provider-namespace": "cluster" } });
  await pass(2 * second);
  t.ok(cluster.secrets.has("team/external-secrets-provider-tls-vault"));
  t.match(await metrics(), /certificate_expiry_seconds\{namespace="team",service="vault"\} 777\d/);
  cluster.removeService("team", "vault");
  cluster.setService("team", "vault-2");
  await pass(2 * second);
  t.ok(cluster.secrets.has("team/external-secrets-provider-tls-vault-2"));
  t.notMatch(await metrics(), /service="vault"/);
});

test("what is being deleted is left alone", async (t) => {
  const { cluster, begin, pass } = certsWorld(t);
  cluster.setNamespace("team", { terminating: true });
  cluster.setService("team", "vault");
  cluster.setService("shared", "vault", { deleting: true });
  await begin();
  await pass(20 * minute, minute);
  t.equal(cluster.secrets.size, 3, "the CA and the clients");
});

test("a leaf is issued anew for each of its reasons, and for no other", async (t) => {
  const { cluster, begin, pass, leaf, data, rotations } = certsWorld(t);
  const id = "team/external-secrets-provider-tls";
  cluster.setService("team", "vault");
  await begin();
  const foreign = await createCa({ commonName: "x", validity: day, now: Date.UTC(2026, 0, 1) });
  const torn = (entries: readonly (readonly [string, string])[]) => {
    const held = cluster.secrets.get(id)?.data ?? [];
    return { data: new Map([...held, ...entries.map(([key, text]) => [key, Buffer.from(text)] as const)]) };
  };
  const edits: readonly (readonly [string, () => Parameters<typeof cluster.edit>[1]])[] = [
    ["missing", () => null],
    ["unusable", () => torn([["tls.crt", "-----BEGIN CERTIFICATE-----\ntorn"]])],
    ["unusable", () => torn([["tls.key", foreign.keyPem]])],
    ["requested", () => ({ annotations: { "external-secrets.io/rotate": "now", kept: "yes" } })],
  ];
  for (const [reason, change] of edits) {
    const { serialNumber } = leaf(id);
    const counted = Number((await rotations())[`team/vault ${reason}`] ?? 0);
    cluster.edit(id, change());
    await pass(2 * second);
    t.not(leaf(id).serialNumber, serialNumber, reason);
    t.equal((await rotations())[`team/vault ${reason}`], String(counted + 1), reason);
  }
  t.strictSame(cluster.secrets.get(id)?.annotations, { kept: "yes" });

  const { serialNumber } = leaf(id);
  cluster.edit(
    id,
    torn([
      ["ca.crt", "gone"],
      ["clients", ""],
      ["more", "kept"],
    ]),
  );
  await pass(2 * second);
  t.equal(leaf(id).serialNumber, serialNumber, "the leaf was good");
  t.equal(data(id, "ca.crt"), data(caId, "ca.crt"));
  t.match(data(id, "clients"), /outboard-core/);
  t.equal(data(id, "more"), "kept");

  await pass(54 * day, day);
  t.equal(leaf(id).serialNumber, serialNumber);
  await pass(2 * day, day / 2);
  t.not(leaf(id).serialNumber, serialNumber, "35 of 90 days are left");
  t.equal((await rotations())["team/vault expiry"], "1");
});

test("a Secret that no watch shows is looked at each minute", async (t) => {
  const { cluster, begin, pass } = certsWorld(t);
  cluster.setService("shared", "vault");
  await begin();
  await pass(5 * second);
  cluster.edit("shared/external-secrets-provider-tls-vault", null);
  await pass(62 * second);
  t.ok(cluster.secrets.has("shared/external-secrets-provider-tls-vault"));
});

test("a Secret of somebody else is never written", async (t) => {
  const { cluster, begin, pass, metrics, lines } = certsWorld(t);
  const ids = ["team/external-secrets-provider-tls", "shared/external-secrets-provider-tls-vault", coreId];
  cluster.edit(ids[0] ?? "", { labels: { "external-secrets.io/system": "another" }, type: "kubernetes.io/tls" });
  cluster.edit(ids[1] ?? "", { type: "kubernetes.io/tls", data: new Map([["tls.key", Buffer.from("hunter2")]]) });
  cluster.edit(coreId, { labels: { "external-secrets.io/system": system }, type: "Opaque" });
  const before = ids.map((id) => cluster.secrets.get(id));
  cluster.setService("team", "vault");
  cluster.setService("shared", "vault");
  await begin();
  await pass(9 * minute, 10 * second);
  t.strictSame(
    ids.map((id) => cluster.secrets.get(id)),
    before,
  );
  t.strictSame(cluster.events.toSorted(), ["shared/vault CertificateFailed", "team/vault CertificateFailed"]);
  t.match(await metrics(), /rotation_failures_total\{namespace="team",service="vault"\} [1-9]/);
  t.match(await metrics(), /rotation_failures_total\{namespace="outboard",service="eso-provider-client-tls"\} [1-9]/);
  t.match(lines.join(""), /belongs to another installation, that of another/);
  t.notMatch(lines.join("") + (await metrics()), /hunter2/);
  cluster.edit(ids[1] ?? "", null);
  await pass(62 * second);
  t.equal(
    cluster.secrets.get(ids[1] ?? "")?.labels["external-secrets.io/system"],
    system,
    "it has gone, and ours comes",
  );
});

test("a clock that jumps, or a machine that slept, makes everything due", async (t) => {
  const { cluster, begin, pass, jump, leaf } = certsWorld(t);
  cluster.setService("shared", "vault");
  await begin();
  const id = "shared/external-secrets-provider-tls-vault";
  await pass(5 * second);
  const { serialNumber } = leaf(id);
  jump(80 * day);
  await pass(5 * second);
  t.not(leaf(id).serialNumber, serialNumber);
});

test("an API server that is away costs nothing but time", async (t) => {
  const { cluster, begin, pass, leaf } = certsWorld(t);
  cluster.setService("team", "vault");
  cluster.refuse = () => {
    throw new ClusterError("Unavailable", "no answer");
  };
  await begin();
  await pass(minute);
  cluster.refuse = () => {};
  await pass(8 * minute, 10 * second);
  t.ok(leaf("team/external-secrets-provider-tls"));
  t.ok(leaf(coreId));
});
