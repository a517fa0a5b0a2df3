import { X509Certificate } from "node:crypto";
import { test, type Test } from "tap";
import { memoryCertsCluster } from "../../test/memory-certs-cluster.ts";
import { virtualClock } from "../../test/virtual-clock.ts";
import { ClusterError } from "../cluster/cluster.ts";
import { createLogger } from "../process/logs.ts";
import { Registry } from "../process/metrics.ts";
import { startCerts, type CertsRules } from "./certs.ts";
import { readCertificates, textOf } from "./certificate.ts";
import { clientsOf } from "./clients.ts";
import { createCa } from "./issue.ts";

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const system = "outboard";
const caId = `${system}/eso-provider-ca-internal`;
const coreId = `${system}/eso-provider-client-tls`;
const webhookId = `${system}/eso-provider-webhook-client-tls`;
const fixed = new Set(["external-secrets-provider-tls", caId, coreId, webhookId]);

const rules: CertsRules = {
  systemNamespace: system,
  clusterDomain: "cluster.local",
  clients: clientsOf({ systemNamespace: system, trustDomain: "cluster.local" }, []),
  caValidity: 365 * day,
  caLookahead: 60 * day,
  leafValidity: 90 * day,
  leafLookahead: 35 * day,
  interval: 10 * minute,
  lookInterval: minute,
  propagationTime: 10 * minute,
};

function world(t: Test, overrides: Partial<CertsRules> = {}) {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  let slept = 0;
  const cluster = memoryCertsCluster(({ namespace, name }) => fixed.has(name) || fixed.has(`${namespace}/${name}`));
  cluster.setNamespace(system);
  cluster.setNamespace("team");
  cluster.setNamespace("shared", { labels: { "external-secrets.io/provider-namespace": "cluster" } });
  const lines: string[] = [];
  const logger = createLogger({ name: "certs", level: "debug", destination: { write: (line) => lines.push(line) } });
  const registries: Registry[] = [];
  const start = () => {
    const registry = new Registry();
    registries.push(registry);
    const wall = { ...clock, now: () => clock.now() + slept };
    const monotonic = () => clock.now();
    return startCerts({ cluster, rules: { ...rules, ...overrides }, clock: wall, monotonic, registry, logger });
  };
  const processes: ReturnType<typeof startCerts>[] = [];
  t.teardown(async () => {
    const stopping = Promise.all(processes.map((certs) => certs.stop()));
    clock.advance(10 * second);
    await stopping;
  });

  /** Lets work in hand end; what waits for its turn has it. */
  async function settle(): Promise<void> {
    for (let turns = 0; turns < 3 || processes.some((certs) => certs.pending().some(({ active }) => active)); turns++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (turns % 100 === 99) clock.advance(50);
    }
  }
  const metrics = async () => (await Promise.all(registries.map((each) => each.metrics()))).join("");
  const data = (id: string, key: string) => textOf(cluster.secrets.get(id)?.data.get(key));
  return {
    clock,
    cluster,
    lines,
    settle,
    data,
    begin: async () => {
      processes.push(start());
      await settle();
    },
    /** Moves time on in steps, so that what is due is done when it is due. */
    pass: async (milliseconds: number, step = second) => {
      for (const end = clock.now() + milliseconds; clock.now() < end;) {
        clock.advance(Math.min(step, end - clock.now()));
        await settle();
      }
    },
    /** The time of day jumps, and time does not. */
    jump: (milliseconds: number) => {
      slept += milliseconds;
    },
    leaf: (id: string) => new X509Certificate(data(id, "tls.crt")),
    serials: (id: string, key: string) => readCertificates(cluster.secrets.get(id)?.data.get(key)).map(serialOf),
    phase: () => (JSON.parse(data(caId, "phase")) as { readonly phase: string }).phase,
    metrics,
    rotations: async () => {
      const found = await metrics();
      const line = /^eso_provider_certificate_rotation_total\{namespace="(.*)",service="(.*)",reason="(.*)"\} (\d+)$/gm;
      return Object.fromEntries(
        Array.from(found.matchAll(line), ([, ns, name, why, n]) => [`${ns}/${name} ${why}`, n]),
      );
    },
  };
}

function serialOf({ x509 }: { readonly x509: X509Certificate }): string {
  return x509.serialNumber;
}

test("a labelled Service is all it takes", async (t) => {
  const { cluster, begin, pass, leaf, data, rotations } = world(t);
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
  const { cluster, begin, pass, leaf, rotations } = world(t);
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
  const { cluster, begin, pass, metrics } = world(t);
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
  const { cluster, begin, pass } = world(t);
  cluster.setNamespace("team", { terminating: true });
  cluster.setService("team", "vault");
  cluster.setService("shared", "vault", { deleting: true });
  await begin();
  await pass(20 * minute, minute);
  t.equal(cluster.secrets.size, 3, "the CA and the clients");
});

test("a leaf is issued anew for each of its reasons, and for no other", async (t) => {
  const { cluster, begin, pass, leaf, data, rotations } = world(t);
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
  const { cluster, begin, pass } = world(t);
  cluster.setService("shared", "vault");
  await begin();
  await pass(5 * second);
  cluster.edit("shared/external-secrets-provider-tls-vault", null);
  await pass(62 * second);
  t.ok(cluster.secrets.has("shared/external-secrets-provider-tls-vault"));
});

test("a CA is replaced with overlap: known, then signing, then alone", async (t) => {
  const { cluster, begin, pass, serials, phase, leaf, data } = world(t);
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
    const { cluster, begin, pass, phase } = world(t);
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
  const { cluster, begin, pass, phase, serials, rotations, data } = world(t);
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
  const { cluster, begin, pass, serials, phase, rotations, metrics } = world(t);
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

test("a Secret of somebody else is never written", async (t) => {
  const { cluster, begin, pass, metrics, lines } = world(t);
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

test("the hundred oldest Services of a namespace count, and others are not touched by the rest", async (t) => {
  const { cluster, begin, pass, metrics } = world(t);
  for (let index = 0; index < 102; index += 1) {
    const creationTimestamp = `2026-01-01T00:${index < 2 ? "30" : "10"}:00Z`;
    cluster.setService("shared", `s-${index}`, { creationTimestamp });
  }
  cluster.setService("team", "vault");
  await begin();
  await pass(20 * second);
  const ids = [...cluster.secrets.keys()].filter((id) => id.startsWith("shared/"));
  t.equal(ids.length, 100);
  t.ok(cluster.secrets.has("team/external-secrets-provider-tls"));
  t.notOk(cluster.secrets.has("shared/external-secrets-provider-tls-s-0"), "the youngest");
  t.strictSame(cluster.events.filter((event) => event.endsWith("TooManyServices")).toSorted(), [
    "shared/s-0 TooManyServices",
    "shared/s-1 TooManyServices",
  ]);
  t.match(await metrics(), /rotation_failures_total\{namespace="shared",service="s-1"\} [1-9]/);
  cluster.removeService("shared", "s-50");
  await pass(11 * minute, minute);
  t.ok(cluster.secrets.has("shared/external-secrets-provider-tls-s-0"), "there is room again");
  cluster.removeService("shared", "s-1");
  await pass(2 * second);
  t.notMatch(await metrics(), /service="s-1"/);
});

test("tenants that label without end are limited, and an administrator's Service is not kept waiting", async (t) => {
  const { clock, cluster, begin } = world(t);
  const tenants = Array.from({ length: 40 }, (_, index) => `tenant-${index}`);
  for (const name of tenants) cluster.setNamespace(name);
  await begin();
  const writes = (namespace: string) => cluster.requests.filter((request) => isWrite(request, namespace)).length;
  const started = clock.now();
  const elapsed = () => (clock.now() - started) / second;
  let labelledAt = Number.POSITIVE_INFINITY;
  let servedAt = Number.POSITIVE_INFINITY;
  for (let round = 0; elapsed() < 12; round += 1) {
    if (round % 10 === 0) for (const name of tenants) cluster.setService(name, `s-${round}`);
    if (elapsed() >= 5 && labelledAt > 12) {
      labelledAt = elapsed();
      cluster.setService("shared", "vault");
    }
    clock.advance(50);
    // The tenants' work never ends: it has so many turns in each 50 ms.
    for (let turn = 0; turn < 40; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    if (cluster.secrets.has("shared/external-secrets-provider-tls-vault")) servedAt = Math.min(servedAt, elapsed());
  }
  t.ok(servedAt - labelledAt <= 3, `it took ${servedAt - labelledAt} seconds`);
  t.ok(writes("tenant-") > 5 * 12, `tenants are served as well: ${writes("tenant-")}`);
  t.ok(writes("tenant-") <= 20 * 12 + 20, `no more than 20 a second in all: ${writes("tenant-")}`);
});

function isWrite(request: string, namespace: string): boolean {
  return request.startsWith(`create ${namespace}`) || request.startsWith(`patch ${namespace}`);
}

test("a clock that jumps, or a machine that slept, makes everything due", async (t) => {
  const { cluster, begin, pass, jump, leaf } = world(t);
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
  const { cluster, begin, pass, leaf } = world(t);
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
