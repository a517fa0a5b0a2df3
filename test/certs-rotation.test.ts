import { readFileSync } from "node:fs";
import { join } from "node:path";
import root, { test, type Test } from "tap";
import { issueLeaf, type KeyPair } from "../src/certs/issue.ts";
import { apiServerMissing } from "./api-server.ts";
import { installCerts, type CertsInstallation } from "./certs-process.ts";
import { addressOf } from "./core-process.ts";
import { describeThroughOpenssl } from "./e2e/openssl.ts";
import { startParts, type RunningParts } from "./rotation-parts.ts";
import { observe } from "./rotation-run.ts";
import { sumOf } from "./samples.ts";
import { systemNamespace } from "./shipped-process.ts";

const seconds = 1_000;
root.setTimeout(600 * seconds);

/** Milliseconds; a process that stood still for longer could not have renewed anything. */
const stall = 2 * seconds;
const runs = 3;

test(
  "certificates and CA are replaced under a hundred calls a second, and no call fails",
  {
    skip: apiServerMissing(),
  },
  async (t) => {
    const world = await installCerts({ audit: "batch" });
    t.teardown(() => world.stop());
    const parts = await startParts(t, world);
    const early = await leafOfAnHour(world);
    const [first] = parts.leaves;
    if (first === undefined) throw new Error("core was never given a certificate");
    t.equal((await attempt(t, parts, early)).status, "0", "what the first CA has signed is taken at first");

    let run = await observe(world, parts);
    for (let left = runs - 1; left > 0 && run.longestLag > stall; left -= 1) {
      t.comment(`the machine stood still for ${run.longestLag.toFixed(0)} ms: run again`);
      run = await observe(world, parts);
    }
    const { served, shown, reads } = run;
    const perSecond = (1_000 * reads) / run.length;
    t.comment(`${reads} reads in ${(run.length / 1_000).toFixed(1)} s, ${perSecond.toFixed(0)} a second`);
    t.comment(`connections: ${run.connections}; longest lag: ${run.longestLag.toFixed(0)} ms`);
    t.comment(`leaves: ${served.leaves} served, ${shown.leaves} shown; CAs: ${served.cas} and ${shown.cas}`);
    t.strictSame(run.failures, [], "nothing has failed");
    t.strictSame(run.notReady, [], "and everything was Ready all the time");
    t.ok(reads > 1_000, "it was under load");
    t.ok(served.leaves >= 4 && shown.leaves >= 4, "each side has seen four leaves of the other");
    t.ok(served.cas >= 2 && shown.cas >= 2, "of two CAs");

    const unknown = await refusals(parts, "unknown-ca");
    for (const [what, leaf] of [
      ["what the first CA has signed, though it has not expired", early],
      ["the first leaf", first],
    ] as const) {
      t.equal((await attempt(t, parts, leaf)).status, undefined, `${what}, is refused in the end`);
    }
    t.ok((await refusals(parts, "unknown-ca")) > unknown, "since its CA is not trusted any more");
  },
);

/** A leaf like core's, of the CA that signs now, that lasts longer than its CA. */
async function leafOfAnHour(world: CertsInstallation): Promise<KeyPair> {
  const { data } = await world.secretOnce(systemNamespace, "eso-provider-ca-internal");
  const ca = { certPem: data.get("ca.crt") ?? "", keyPem: data.get("ca.key") ?? "" };
  const uris = ["spiffe://cluster.local/ns/external-secrets/sa/outboard-core"];
  return issueLeaf({ ca, usage: "client", uris, validity: 3_600 * seconds, now: Date.now() });
}

/** A call with this leaf, by OpenSSL. */
function attempt(t: Test, { port, provider: { folder } }: RunningParts, pair: KeyPair) {
  const [serverName = ""] = addressOf("fake").split(":");
  return describeThroughOpenssl(t, { port, serverName, caPem: readFileSync(join(folder, "ca.crt"), "utf8"), pair });
}

async function refusals({ provider }: RunningParts, reason: string): Promise<number> {
  return sumOf(await provider.ask("/metrics"), "outboard_provider_handshakes_refused_total", `reason="${reason}"`);
}
