import { X509Certificate } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { CertsInstallation } from "./certs-process.ts";
import { notReady, type RunningParts } from "./rotation-parts.ts";
import { sumOf } from "./samples.ts";

const seconds = 1_000;
const runFor = 60 * seconds;

/** What a run has shown. */
export interface Run {
  /** Milliseconds. */
  readonly length: number;
  /** Longest time for which a process stood still, milliseconds. */
  readonly longestLag: number;
  /** Calls that the provider has answered well. */
  readonly reads: number;
  readonly connections: number;
  /** What the provider has served, and what it was shown: distinct ones. */
  readonly served: Seen;
  readonly shown: Seen;
  /** Each as "metric: how many". */
  readonly failures: readonly string[];
  readonly notReady: readonly string[];
}

interface Seen {
  readonly leaves: number;
  /** By which they were signed. */
  readonly cas: number;
}

/** Watches them for a minute. */
export async function observe(world: CertsInstallation, parts: RunningParts): Promise<Run> {
  const { core, certs, provider } = parts;
  const own = monitorEventLoopDelay();
  const processes = [core, certs, provider];
  const lags = async () =>
    (await Promise.all(processes.map((each) => each.ask("/metrics")))).map(
      (metrics) => seconds * sumOf(metrics, "nodejs_eventloop_lag_max_seconds"),
    );
  // Each look begins another measurement.
  await lags();
  own.enable();
  const before = await counts(parts);
  const witnessed = provider.printed().length;
  const started = performance.now();
  const others: string[] = [];
  let longestLag = 0;
  while (performance.now() - started < runFor) {
    await sleep(500);
    longestLag = Math.max(longestLag, ...(await lags()));
    others.push(...(await notReady(world, parts)));
  }
  const after = await counts(parts);
  own.disable();
  const lines = provider.printed().slice(witnessed).trim().split("\n");
  const connections = lines.map((line) => JSON.parse(line) as { readonly served: string; readonly shown: string });
  return {
    length: performance.now() - started,
    longestLag: Math.max(longestLag, own.max / 1e6),
    reads: after.reads - before.reads,
    connections: connections.length,
    served: seen(
      connections.map((each) => each.served),
      parts.cas,
    ),
    shown: seen(
      connections.map((each) => each.shown),
      parts.cas,
    ),
    failures: Object.entries(after.failed).flatMap(([name, count]) => {
      const more = count - (before.failed[name] ?? 0);
      return more === 0 ? [] : [`${name}: ${more}`];
    }),
    notReady: others,
  };
}

/** What is counted on both sides. */
async function counts({ core, provider }: RunningParts) {
  const [ofCore, ofProvider] = await Promise.all([core.ask("/metrics"), provider.ask("/metrics")]);
  const calls = "grpc_server_requests_total";
  const good = sumOf(ofProvider, calls, 'code="OK"');
  const failed: Readonly<Record<string, number>> = {
    "failed calls as core sees them":
      sumOf(ofCore, "grpc_client_requests_total") - sumOf(ofCore, "grpc_client_requests_total", 'code="OK"'),
    "failed calls as the provider sees them": sumOf(ofProvider, calls) - good,
    "refused handshakes": sumOf(ofProvider, "outboard_provider_handshakes_refused_total"),
    "failed syncs": sumOf(ofCore, "externalsecret_sync_calls_error"),
    "failed reconciles": sumOf(ofCore, "controller_runtime_reconcile_errors_total"),
    "files that could not be used":
      sumOf(ofCore, "eso_provider_certificate_hot_reload_failures_total") +
      sumOf(ofProvider, "eso_provider_certificate_hot_reload_failures_total"),
  };
  return { reads: sumOf(ofProvider, calls, 'method="Read"', 'code="OK"'), failed };
}

function seen(raw: readonly string[], cas: readonly X509Certificate[]): Seen {
  const leaves = [...new Set(raw)].map((each) => new X509Certificate(Buffer.from(each, "base64")));
  const signers = leaves.map((leaf) => cas.find(({ publicKey }) => leaf.verify(publicKey))?.serialNumber);
  return { leaves: leaves.length, cas: new Set(signers.filter((each) => each !== undefined)).size };
}
