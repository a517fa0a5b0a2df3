import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import root, { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { certificateIn, installCerts, startCertsProcess, type CertsInstallation } from "./certs-process.ts";
import { until } from "./e2e/outboard.ts";
import { coreSecret, providerSecret } from "./mounted-parts.ts";
import { opensslVerify } from "./openssl-verify.ts";
import { startShipped, systemNamespace, type ShippedProcess } from "./shipped-process.ts";
import { dist } from "./test-bundles.ts";

root.setTimeout(300_000);

const day = 24 * 3_600_000;
const [server, client] = [providerSecret("vault"), coreSecret];

test("a certificate controller that has missed time catches up by itself", { skip: apiServerMissing() }, async (t) => {
  const world = await installCerts();
  t.teardown(() => world.stop());
  await world.service(systemNamespace, "provider-vault");

  await t.test("stopped until all that it made has expired", async (t) => {
    const certs = await startCertsProcess(t, world, [
      "--leaf-validity=6s",
      "--leaf-lookahead=4s",
      "--ca-validity=15s",
      "--ca-lookahead=9s",
      "--propagation-time=2s",
    ]);
    await renewed(world, { [server]: "", [client]: "" });
    certs.process.kill("SIGSTOP");
    const before = await serials(world);
    await until(
      async () => (await expiries(world)).every((at) => at < Date.now()),
      () => "it goes on while it is stopped",
    );
    t.strictSame(await serials(world), before, "nobody else renews them");
    certs.process.kill("SIGCONT");
    await renewed(world, before);
    t.pass("all are in order again");
    await end(t, certs);
  });

  await t.test("a clock that jumps ahead, and back", async (t) => {
    const before = await serials(world);
    const file = join(
      t.testdir({ "outboard.cjs": jumpingClock + readFileSync(join(dist, "core", "outboard.cjs")) }),
      "outboard.cjs",
    );
    // Nothing but the clock makes it look.
    const args = ["--interval=10m", "--look-interval=10m"];
    const certs = await startShipped(t, world.api, { deployment: "outboard-certs", ...world, args, file });
    await renewed(world, before);
    for (const ahead of [60 * day, 0]) {
      // Time for whatever else there is to do.
      await sleep(2_000);
      const held = await serials(world);
      certs.process.kill("SIGUSR2");
      await renewed(world, held, Date.now() + ahead);
      t.pass(`all are in order ${ahead / day} days ahead`);
    }
    await end(t, certs);
  });
});

/** Put before the bundle: its clock goes sixty days ahead at the first SIGUSR2, and back at the next. */
const jumpingClock = `
const TrueDate = Date;
let ahead = 0;
process.on("SIGUSR2", () => (ahead = ${60 * day} - ahead));
globalThis.Date = class extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(TrueDate.now() + ahead);
    else super(...given);
  }
  static now() {
    return TrueDate.now() + ahead;
  }
};
`;

type Serials = Readonly<Record<string, string>>;

async function serials(world: CertsInstallation): Promise<Serials> {
  const secrets = await Promise.all([server, client].map((name) => world.secretOnce(systemNamespace, name)));
  const [ofServer, ofClient] = secrets.map((secret) => certificateIn(secret).serialNumber);
  return { [server]: ofServer ?? "", [client]: ofClient ?? "" };
}

async function expiries(world: CertsInstallation): Promise<readonly number[]> {
  const names = [server, client, "eso-provider-ca-internal"];
  const secrets = await Promise.all(names.map((name) => world.secretOnce(systemNamespace, name)));
  return secrets.map(({ data }) => {
    const bundle = data.get("tls.crt") ?? data.get("ca.crt") ?? "";
    return Date.parse(new X509Certificate(bundle).validTo);
  });
}

/** Until each has another certificate than `before`, which OpenSSL takes at `now`. */
async function renewed(world: CertsInstallation, before: Serials, now = Date.now()): Promise<void> {
  for (const [name, purpose] of [
    [server, "sslserver"],
    [client, "sslclient"],
  ] as const) {
    let said = "";
    await until(
      async () => {
        const secret = await world.secretOnce(systemNamespace, name);
        if (certificateIn(secret).serialNumber === before[name]) return false;
        const leaf = new Map([[name, secret.data.get("tls.crt") ?? ""]]);
        try {
          said = opensslVerify(secret.data.get("ca.crt") ?? "", purpose, leaf, now).join();
        } catch (error) {
          said = String(error);
        }
        return said === `${name}: OK`;
      },
      () => `${name} is not renewed: ${said}`,
    );
  }
}

async function end(t: Test, { process, exited }: ShippedProcess): Promise<void> {
  process.kill("SIGTERM");
  t.equal(await exited, 0, "it ended when asked");
}
