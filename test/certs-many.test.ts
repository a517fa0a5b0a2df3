import { setTimeout as sleep } from "node:timers/promises";
import root, { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { certificateIn, installCerts, providerNamespace, startCertsProcess, storedSecrets } from "./certs-process.ts";
import { addressOf, externalSecretOf, fakeStore } from "./core-process.ts";
import { applyCrds } from "./crds/server.ts";
import { until } from "./e2e/outboard.ts";
import { secretWrites } from "./etcd.ts";
import { objectsOf } from "./faults/objects-of.ts";
import { freePort } from "./free-port.ts";
import { applyIn, mountedClass, startMountedCore, startMountedProvider } from "./mounted-parts.ts";
import { opensslVerify } from "./openssl-verify.ts";
import { samplesOf, sumOf } from "./samples.ts";
import { systemNamespace } from "./shipped-process.ts";

root.setTimeout(300_000);

const many = 100;
const shared = "external-secrets-provider-tls";

test(
  "a hundred Services in one namespace, and one in each of a hundred, while core syncs",
  {
    skip: apiServerMissing(),
  },
  async (t) => {
    const world = await installCerts();
    t.teardown(() => world.stop());
    await applyCrds(world.api);
    const certs = await startCertsProcess(t, world);
    const port = await freePort();
    await startMountedProvider(t, world, "fake", { port });
    const core = await startMountedCore(t, world, { resolve: { [addressOf("fake")]: port } });
    const space = await world.namespace();
    await applyIn(world, space, mountedClass("fake"), fakeStore({ db: "value" }));
    const apps = Array.from({ length: 20 }, (_, index) =>
      externalSecretOf("db", { refreshInterval: "1s", target: { name: `app-${index}` } }, { name: `app-${index}` }),
    );
    await objectsOf(world.api).make(space, apps);
    const syncs = async () => sumOf(await core.ask("/metrics"), "externalsecret_sync_calls_total");
    const errors = async () => sumOf(await core.ask("/metrics"), "externalsecret_sync_calls_error");
    await until(
      async () => (await syncs()) >= 5 * apps.length,
      () => "core does not sync",
    );
    const rate = async (work: () => Promise<unknown>) => {
      const [before, started] = [await syncs(), performance.now()];
      await work();
      const seconds = (performance.now() - started) / 1_000;
      return { seconds, perSecond: ((await syncs()) - before) / seconds };
    };
    const failedBefore = await errors();
    const alone = await rate(() => sleep(5_000));

    const spaces = Array.from({ length: many }, (_, index) => `tenant-${index}`);
    const services = [
      ...spaces.map((namespace) => [namespace, "vault"] as const),
      // One is there already: examples/provider-namespace has a provider.
      ...Array.from({ length: many - 1 }, (_, index) => [providerNamespace, `vault-${index}`] as const),
    ];
    const wanted = services.map(([namespace, name]) =>
      namespace === providerNamespace ? `${namespace}/${shared}-${name}` : `${namespace}/${shared}`,
    );
    for (const name of spaces) await world.api.request("POST", "/api/v1/namespaces", { metadata: { name } });
    let there = new Set<string>();
    const meanwhile = await rate(async () => {
      await Promise.all([
        (async () => {
          for (const [namespace, name] of services) await world.service(namespace, name);
        })(),
        until(
          async () => {
            await sleep(500);
            there = new Set((await secretWrites(world.api)).keys());
            return wanted.every((name) => there.has(name));
          },
          () => `without a Secret: ${wanted.filter((name) => !there.has(name)).join(", ")}`,
          180_000,
        ),
      ]);
    });
    t.comment(`${wanted.length} Secrets after ${meanwhile.seconds.toFixed(1)} s`);
    t.comment(`core: ${meanwhile.perSecond.toFixed(1)} syncs a second meanwhile, ${alone.perSecond.toFixed(1)} before`);
    t.equal((await errors()) - failedBefore, 0, "no sync has failed");

    // What came first is looked at once more: nothing is made anew.
    await sleep(2_000);
    const issues = new Map<string, number>();
    for (const [labels, count] of samplesOf(await certs.ask("/metrics"), "eso_provider_certificate_rotation_total")) {
      const each = labels.replace(/,reason="[^"]*"/, "");
      issues.set(each, (issues.get(each) ?? 0) + count);
    }
    t.ok(issues.size > 2 * many, "each is counted");
    t.strictSame(
      [...issues].filter(([, count]) => count > 3),
      [],
      "none was issued more than three times",
    );
    t.comment(`issued ${[...issues.values()].reduce((sum, each) => sum + each, 0)} for ${issues.size}`);
    const writes = await secretWrites(world.api);
    t.strictSame(
      wanted.filter((name) => (writes.get(name) ?? 0) > 3),
      [],
      "nor written more often, as etcd counts",
    );
    t.strictSame(sumOf(await certs.ask("/metrics"), "eso_provider_certificate_rotation_failures_total"), 0);
    await verifyAll(t, world);
  },
);

/** Has OpenSSL check each certificate that there is. */
async function verifyAll(t: Test, world: Awaited<ReturnType<typeof installCerts>>): Promise<void> {
  const all = await storedSecrets(world);
  const ca = all.get(`${systemNamespace}/eso-provider-ca-internal`)?.data.get("ca.crt") ?? "";
  t.strictSame(opensslVerify(ca, "any", new Map([["ca", ca]])), ["ca: OK"]);
  for (const purpose of ["sslserver", "sslclient"] as const) {
    const leaves = [...all].filter(([name]) => name.includes(shared) === (purpose === "sslserver"));
    const pems = leaves.flatMap(([name, secret]) => {
      const pem = secret.type === "kubernetes.io/tls" ? secret.data.get("tls.crt") : undefined;
      return pem === undefined ? [] : [[name.replace("/", "."), pem] as const];
    });
    t.ok(pems.length >= (purpose === "sslserver" ? 2 * many : 2), `${pems.length} for ${purpose}`);
    t.strictSame(
      opensslVerify(ca, purpose, new Map(pems)),
      pems.map(([name]) => `${name}: OK`),
    );
  }
  const serials = [...all.values()].filter(({ type }) => type === "kubernetes.io/tls").map(certificateIn);
  t.equal(new Set(serials.map(({ serialNumber }) => serialNumber)).size, serials.length, "no two have one number");
}
