import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import {
  certificateIn,
  installCerts,
  keepsKeys,
  providerNamespace,
  quickLooks,
  startCertsProcess,
  trustedBy,
  type StoredSecret,
} from "./certs-process.ts";
import { until } from "./e2e/outboard.ts";
import { systemNamespace, type ShippedProcess } from "./shipped-process.ts";

const parts = { controllerManager: true } as const;
const shared = "external-secrets-provider-tls";
const ca = "eso-provider-ca-internal";
const tls = "kubernetes.io/tls";
const coreUri = "spiffe://cluster.local/ns/external-secrets/sa/outboard-core";

test(
  "the certificate controller as a process, under the shipped rights",
  { skip: apiServerMissing(parts) },
  async (t) => {
    const world = await installCerts(parts);
    t.teardown(() => world.stop());
    const { kubectl } = world.api;

    await t.test("two that start at once make one CA, and each certificate once", async (t) => {
      await world.service(systemNamespace, "first");
      const both = await Promise.all([startCertsProcess(t, world), startCertsProcess(t, world)]);
      for (const certs of both) {
        await until(
          async () => (await certs.ask("/readyz")) === "ready\n",
          () => "it is not ready",
        );
      }
      const made = await Promise.all([
        world.secretOnce(systemNamespace, "eso-provider-client-tls"),
        world.secretOnce(systemNamespace, "eso-provider-webhook-client-tls"),
        world.secretOnce(systemNamespace, `${shared}-first`),
        world.secretOnce(providerNamespace, `${shared}-provider-vault`),
      ]);
      const { data } = await world.secretOnce(systemNamespace, ca);
      for (const secret of made) t.equal(secret.data.get("ca.crt"), data.get("ca.crt"));
      const issued = async () =>
        (await Promise.all(both.map((certs) => sumOf(certs, "eso_provider_certificate_rotation_total")))).reduce(
          (sum, each) => sum + each,
        );
      await until(
        async () => (await issued()) >= 5,
        () => "the CA and four certificates are not counted",
      );
      t.equal(await issued(), 5, "each is made once, whoever makes it");
      for (const certs of both) await keepsKeys(t, world, certs);
      await Promise.all(both.map((certs) => end(t, certs)));
    });

    await t.test("where the Service is decides which Secret it has, and OpenSSL accepts each", async (t) => {
      const client = "backup=spiffe://example.com/backup;methods=Read;namespaces=team-1";
      const more = [...quickLooks, "--cluster-domain=corp.example", "--trust-domain=cluster.local"];
      const space = await world.namespace();
      for (const name of ["b", "a"]) await world.service(space, name);
      await world.service(providerNamespace, "vault");
      const certs = await startCertsProcess(t, world, more);
      const own = await world.secretOnce(providerNamespace, `${shared}-vault`);
      const both = await world.secretOnce(space, shared);
      t.equal(await world.secret(providerNamespace, shared), undefined, "no shared one where each has its own");
      t.match([own.type, both.type], [tls, tls]);
      t.match([own.labels, both.labels], [ours, ours]);
      t.strictSame([own.owners, both.owners], [["Service/vault"], ["Service/a", "Service/b"]]);
      const names = (name: string, namespace: string) => {
        const inCluster = `${name}.${namespace}.svc`;
        return [name, `${name}.${namespace}`, inCluster, `${inCluster}.corp.example`].map((each) => `DNS:${each}`);
      };
      t.equal(certificateIn(own).subjectAltName, names("vault", providerNamespace).join(", "));
      t.equal(certificateIn(both).subjectAltName, [...names("a", space), ...names("b", space)].join(", "));
      const webhook = coreUri.replace("core", "webhook");
      t.equal(own.data.get("clients"), `${coreUri}\n${webhook};methods=Describe,ValidateStore\n`);
      const core = await world.secretOnce(systemNamespace, "eso-provider-client-tls");
      t.equal(certificateIn(core).subjectAltName, `URI:${coreUri}`);
      t.equal(core.data.get("clients"), undefined);
      for (const secret of [own, both, core]) t.equal(verify(t, secret), "tls.crt: OK\n");

      const { serialNumber } = certificateIn(own);
      await end(t, certs);
      await kubectl(["-n", systemNamespace, "patch", "role", "outboard-certs", "--type=json", "-p", forBackup]);
      const next = await startCertsProcess(t, world, [...more, `--client=${client}`]);
      const told = await world.secretOnce(providerNamespace, `${shared}-vault`, ({ data }) =>
        (data.get("clients") ?? "").includes("spiffe://example.com/backup;methods=Read;namespaces=team-1\n"),
      );
      t.equal(certificateIn(told).serialNumber, serialNumber, "a list of clients takes no new certificate");
      const backup = await world.secretOnce(systemNamespace, "eso-provider-backup-client-tls");
      t.equal(certificateIn(backup).subjectAltName, "URI:spiffe://example.com/backup");
      await end(t, next);
    });

    const certs = await startCertsProcess(t, world);

    await t.test("what is deleted, torn or asked for is made anew, wherever it is", async (t) => {
      const space = await world.namespace();
      await world.service(space, "vault");
      for (const [namespace, name] of [
        [space, shared],
        [providerNamespace, `${shared}-vault`],
      ] as const) {
        const serials = new Set<string>();
        const isNew = (secret: StoredSecret) =>
          (secret.data.get("tls.crt") ?? "") !== "" && !serials.has(certificateIn(secret).serialNumber);
        const acts = [
          () => Promise.resolve(""),
          () => kubectl(["-n", namespace, "delete", "secret", name]),
          () => kubectl(["-n", namespace, "patch", "secret", name, "--type=merge", "-p", '{"data":{"tls.key":""}}']),
          () => world.rotate(namespace, name),
        ];
        for (const act of acts) {
          await act();
          serials.add(certificateIn(await world.secretOnce(namespace, name, isNew)).serialNumber);
        }
        t.equal(serials.size, acts.length);
      }
    });

    await t.test("a Secret of somebody else stays as it is, and the Service's events say so", async (t) => {
      const space = await world.namespace();
      const places = [
        [space, shared],
        [providerNamespace, `${shared}-theirs`],
      ] as const;
      for (const [namespace, name] of places) {
        await kubectl(["-n", namespace, "create", "secret", "generic", name, "--from-literal=password=theirs"]);
        const before = await world.secret(namespace, name);
        let said = "";
        await world.service(namespace, "theirs");
        await until(
          async () => {
            said = (await world.events(namespace)).join("\n");
            return /CertificateFailed theirs x1: .*somebody else's/.test(said);
          },
          () => `no event says so, but:\n${said}`,
        );
        const failed = `eso_provider_certificate_rotation_failures_total{namespace="${namespace}",service="theirs"}`;
        t.ok((await certs.ask("/metrics")).includes(failed));
        t.strictSame(await world.secret(namespace, name), before);
        await kubectl(["-n", namespace, "delete", "secret", name]);
        t.match(await world.secretOnce(namespace, name), { type: tls, labels: ours });
      }
    });

    await t.test("a Secret goes with its last Service, and stays when the label is taken off", async (t) => {
      const space = await world.namespace();
      for (const name of ["kept", "gone"]) await world.service(providerNamespace, name);
      for (const name of ["a", "b"]) await world.service(space, name);
      const { uid } = await world.secretOnce(space, shared);
      const unlabelled = await world.secretOnce(providerNamespace, `${shared}-kept`);
      await world.secretOnce(providerNamespace, `${shared}-gone`);
      await kubectl(["-n", providerNamespace, "label", "service", "kept", "external-secrets.io/provider-"]);
      await kubectl(["-n", providerNamespace, "delete", "service", "gone"]);
      await kubectl(["-n", space, "delete", "service", "a"]);
      const isGone = (namespace: string, name: string) =>
        until(
          async () => (await world.secret(namespace, name)) === undefined,
          () => `${namespace}/${name} is still there`,
        );
      await isGone(providerNamespace, `${shared}-gone`);
      // The garbage collector takes the owner off by itself; the names that are left are the controller's to write.
      const left = await world.secretOnce(space, shared, (secret) => namesIn(secret).startsWith("DNS:b, "));
      t.match(left, { uid, owners: ["Service/b"] });
      await until(
        async () => !(await certs.ask("/metrics")).includes('service="kept"'),
        () => "its series go on",
      );
      t.strictSame(await world.secret(providerNamespace, `${shared}-kept`), unlabelled);
      await kubectl(["-n", space, "delete", "service", "b"]);
      await isGone(space, shared);
    });

    await t.test("in a namespace that is being deleted nothing is made, and nothing fails", async (t) => {
      const space = await world.namespace();
      const held = '{"metadata":{"finalizers":["example.com/held"]}}';
      await world.service(space, "vault");
      await world.secretOnce(space, shared);
      await kubectl(["-n", space, "patch", "service", "vault", "--type=merge", "-p", held]);
      await kubectl(["delete", "namespace", space, "--wait=false"]);
      await until(
        async () => (await world.secret(space, shared)) === undefined,
        () => "the Secret is still there",
      );
      // What came after it in the queue has been looked at by then.
      await kubectl(["-n", providerNamespace, "delete", "secret", `${shared}-vault`]);
      await world.secretOnce(providerNamespace, `${shared}-vault`);
      const metrics = await certs.ask("/metrics");
      t.notMatch(metrics, `failures_total{namespace="${space}"`);
      t.equal(await world.secret(space, shared), undefined);
      await kubectl([
        "-n",
        space,
        "patch",
        "service",
        "vault",
        "--type=merge",
        "-p",
        '{"metadata":{"finalizers":null}}',
      ]);
    });

    await t.test("asked for another CA, it is announced, signs, and the one before goes", async (t) => {
      await end(t, certs);
      const quick = [...quickLooks, "--propagation-time=2s"];
      const next = await startCertsProcess(t, world, quick);
      const phaseOf = ({ data }: StoredSecret) => String(JSON.parse(data.get("phase") ?? "{}").phase);
      const before = await world.secretOnce(systemNamespace, ca);
      await world.rotate(systemNamespace, ca);
      const announced = await world.secretOnce(systemNamespace, ca, (secret) => phaseOf(secret) === "announced");
      t.equal(announced.data.get("ca.crt"), before.data.get("ca.crt"), "it does not sign yet");
      const stable = await world.secretOnce(systemNamespace, ca, (secret) => phaseOf(secret) === "stable");
      t.equal(stable.data.get("ca.crt"), announced.data.get("next.crt"));
      const leaf = await world.secretOnce(providerNamespace, `${shared}-vault`, (secret) => trustedBy(secret) === 1);
      t.equal(leaf.data.get("ca.crt"), stable.data.get("ca.crt"));
      t.equal(verify(t, leaf), "tls.crt: OK\n");
      await keepsKeys(t, world, next);
      await end(t, next);
    });
  },
);

const ours = { "external-secrets.io/system": systemNamespace };

/** A further client's name in the Role, as docs/certificates.md has it. */
const forBackup = JSON.stringify([
  { op: "add", path: "/rules/0/resourceNames/-", value: "eso-provider-backup-client-tls" },
]);

async function end(t: Test, { process, exited }: ShippedProcess): Promise<void> {
  process.kill("SIGTERM");
  t.equal(await exited, 0, "it ended when asked");
}

function namesIn(secret: StoredSecret): string {
  return certificateIn(secret).subjectAltName ?? "";
}

/** All series of a metric together. */
async function sumOf(certs: ShippedProcess, metric: string): Promise<number> {
  const lines = (await certs.ask("/metrics")).split("\n").filter((line) => line.startsWith(`${metric}{`));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** What OpenSSL's strictest check says of a Secret's certificate under its bundle. */
function verify(t: Test, { data }: StoredSecret): string {
  const folder = t.testdir();
  for (const file of ["ca.crt", "tls.crt"]) writeFileSync(join(folder, file), data.get(file) ?? "");
  const args = ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", "ca.crt", "tls.crt"];
  return execFileSync("openssl", args, { cwd: folder, encoding: "utf8" });
}
