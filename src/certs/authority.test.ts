import { X509Certificate } from "node:crypto";
import { test } from "tap";
import { caId, certsWorld, coreId, day, minute, second, system, webhookId } from "../../test/certs-world.ts";
import { ClusterError } from "../cluster/cluster.ts";

test("a CA is replaced with overlap: known, then signing, then alone", async (t) => {
  const { cluster, begin, pass, serials, phase, leaf, data } = certsWorld(t);
  cluster.setService("team", "vault");
  cluster.setService("shared", "vault");
  await begin();
  const ids = [coreId, webhookId, "team/external-secrets-provider-tls", "shared/external-secrets-provider-tls-vault"];
  const [first = ""] = serials(caId, "ca.crt");
  cluster.edit(caId, { annotations: { "external-secrets.io/rotate": "now" } });
  await pass(3 * second);
  t.equal(phase(), "announced");
  t.strictSame(cluster.secrets.get(caId)?.annotations, {}, "asked for once");
  const [second_ = ""] = serials(caId, "next.crt");
  const before = new Map(ids.map((id) => [id, leaf(id).serialNumber]));
  for (const id of ids) {
    t.strictSame(serials(id, "ca.crt"), [first, second_], id);
  }

  await pass(10 * minute - 5 * second, minute);
  t.equal(phase(), "announced", "the propagation time is not over");
  await pass(minute);
  t.equal(phase(), "switched");
  t.strictSame(serials(caId, "ca.crt"), [second_]);
  t.strictSame(serials(caId, "previous.crt"), [first]);
  t.equal(cluster.secrets.get(caId)?.data.has("next.key"), false);
  const ca = new X509Certificate(data(caId, "ca.crt"));
  for (const id of ids) {
    t.strictSame(serials(id, "ca.crt"), [second_, first], id);
    t.not(leaf(id).serialNumber, before.get(id), id);
    t.ok(leaf(id).verify(ca.publicKey), id);
  }

  await pass(11 * minute, minute);
  t.equal(phase(), "stable");
  for (const id of ids) t.strictSame(serials(id, "ca.crt"), [second_], id);
  t.equal(data(caId, "previous.crt"), "");
  t.strictSame(cluster.events.toSorted(), ["shared/vault CertificateIssued", "team/vault CertificateIssued"], "once");
});

test("the old CA stays for as long as an approved Service cannot be served, not for a tenant's", async (t) => {
  for (const [namespace, name, held] of [
    ["shared", "external-secrets-provider-tls-vault", "switched"],
    ["team", "external-secrets-provider-tls", "stable"],
  ] as const) {
    const { cluster, begin, pass, phase } = certsWorld(t);
    cluster.setService(namespace, "vault");
    await begin();
    cluster.edit(caId, { annotations: { "external-secrets.io/rotate": "now" } });
    await pass(5 * minute, minute);
    cluster.refuse = (request) => {
      if (request === `patch ${namespace}/${name}`) throw new ClusterError("Invalid", "somebody made it immutable");
    };
    await pass(7 * minute, minute);
    t.equal(phase(), "switched");
    await pass(60 * minute, minute);
    t.equal(phase(), held);
    cluster.refuse = () => {};
    await pass(15 * minute, minute);
    t.equal(phase(), "stable");
  }
});

test("a CA is replaced in good time, and one that is no good at once", async (t) => {
  const { cluster, begin, pass, phase, serials, rotations, data } = certsWorld(t);
  await begin();
  const [first = ""] = serials(caId, "ca.crt");
  await pass(304 * day, day);
  t.equal(phase(), "stable");
  t.strictSame(serials(caId, "ca.crt"), [first]);
  await pass(2 * day, 10 * minute);
  t.equal(phase(), "stable");
  t.equal((await rotations())[`${caId} expiry`], "1");
  const [second_ = ""] = serials(caId, "ca.crt");
  t.not(second_, first);

  const held = cluster.secrets.get(caId)?.data ?? [];
  cluster.edit(caId, { data: new Map([...held, ["ca.key", Buffer.from("torn")], ["other", Buffer.from("kept")]]) });
  await pass(3 * second);
  t.equal(phase(), "switched");
  t.strictSame(serials(caId, "previous.crt"), [second_], "its leaves are out there");
  t.strictSame(serials(coreId, "ca.crt"), [...serials(caId, "ca.crt"), second_]);
  t.equal(data(caId, "other"), "kept");

  const [third = ""] = serials(caId, "ca.crt");
  cluster.edit(caId, null);
  await pass(3 * second);
  t.ok(serials(caId, "previous.crt").includes(third), "a Secret that was removed takes no trust with it");
  await pass(12 * minute, minute);
  t.equal(phase(), "stable");
});

test("two processes end with one CA and one leaf each", async (t) => {
  const { cluster, begin, pass, serials, phase, rotations, metrics } = certsWorld(t);
  cluster.setService("team", "vault");
  await Promise.all([begin(), begin()]);
  await pass(10 * second);
  const created = cluster.requests.filter((request) => request === `create ${caId}`);
  t.equal(created.length, 2, "both tried");
  for (const id of [coreId, "team/external-secrets-provider-tls"]) {
    t.strictSame(serials(id, "ca.crt"), serials(caId, "ca.crt"), id);
  }
  cluster.edit(caId, { annotations: { "external-secrets.io/rotate": "now" } });
  await pass(25 * minute, minute);
  t.equal(phase(), "stable");
  const counted = await rotations();
  t.equal(counted[`${system}/eso-provider-ca-internal requested`], "1");
  t.equal(counted["team/vault ca"], "1");
  t.notMatch(await metrics(), /failures_total\{/, "to be second is no failure");
});
