import { X509Certificate } from "node:crypto";
import type { Test } from "tap";
import { memoryCertsCluster } from "./memory-certs-cluster.ts";
import { virtualClock } from "./virtual-clock.ts";
import { keyId } from "../src/cluster/cluster.ts";
import { createLogger } from "../src/process/logs.ts";
import { Registry } from "../src/process/metrics.ts";
import { startCerts, type CertsRules } from "../src/certs/certs.ts";
import { readCertificates, textOf } from "../src/certs/certificate.ts";
import { clientsOf } from "../src/certs/clients.ts";

// For tests of the certificate controller as a whole.

export const second = 1_000;
export const minute = 60 * second;
export const day = 24 * 60 * minute;
/** The system namespace. */
export const system = "outboard";
/** The Secret that holds the CA. */
export const caId = `${system}/eso-provider-ca-internal`;
/** The Secret of core's client certificate. */
export const coreId = `${system}/eso-provider-client-tls`;
/** The Secret of the webhook's. */
export const webhookId = `${system}/eso-provider-webhook-client-tls`;
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

/** A cluster in memory, processes of the certificate controller over it, and the time that passes for them. */
export function certsWorld(t: Test) {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  let slept = 0;
  const cluster = memoryCertsCluster((key) => fixed.has(key.name) || fixed.has(keyId(key)));
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
    return startCerts({ cluster, rules, clock: wall, monotonic, registry, logger });
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
