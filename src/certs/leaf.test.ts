import { test } from "tap";
import { memoryCertsCluster } from "../../test/memory-certs-cluster.ts";
import { virtualClock } from "../../test/virtual-clock.ts";
import { createLogger } from "../process/logs.ts";
import { Registry } from "../process/metrics.ts";
import { Authority } from "./authority.ts";
import { reconcileLeaf, type LeafDeps } from "./leaf.ts";
import { IssueLimits } from "./limits.ts";
import { certsMetrics } from "./metrics.ts";
import { Propagation } from "./propagation.ts";
import { caKey, createTargets } from "./targets.ts";
import { Warnings } from "./warnings.ts";

const second = 1_000;
const day = 86_400 * second;
const { signal } = new AbortController();

async function world() {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const cluster = memoryCertsCluster(() => false);
  cluster.setNamespace("team");
  cluster.setService("team", "vault");
  const logger = createLogger({ name: "certs", level: "error", destination: { write: () => {} } });
  const metrics = certsMetrics(new Registry(), clock.now);
  const systemNamespace = "outboard";
  const authority = new Authority({
    cluster,
    key: caKey({ systemNamespace }),
    rules: { caValidity: 365 * day, caLookahead: day, propagationTime: second, lookInterval: second, interval: day },
    reach: () => ({ lagging: 0, movedAt: 0 }),
    onChange: () => {},
    metrics,
    logger,
    now: clock.now,
  });
  await authority.reconcile(signal);
  const deps: LeafDeps = {
    cluster,
    targets: createTargets(cluster, { systemNamespace, clusterDomain: "cluster.local", clients: [] }),
    authority,
    propagation: new Propagation(),
    limits: new IssueLimits({ clock, monotonic: clock.now }),
    warnings: new Warnings(cluster, clock.now),
    metrics,
    logger,
    systemNamespace,
    rules: { leafValidity: 90 * day, leafLookahead: 35 * day, interval: 600 * second, lookInterval: 60 * second },
    now: clock.now,
  };
  return { clock, cluster, deps };
}

const key = { namespace: "team", name: "external-secrets-provider-tls" };
const id = "team/external-secrets-provider-tls";

test("a tenant that removes its Secret over and over gets ten, and then one a second", async (t) => {
  const { clock, cluster, deps } = await world();
  for (let index = 0; index < 10; index += 1) {
    t.match(await reconcileLeaf(deps, key, signal), { result: "done", after: 600 * second });
    t.ok(cluster.secrets.has(id));
    cluster.edit(id, null);
    clock.advance(50);
  }
  t.strictSame(await reconcileLeaf(deps, key, signal), { result: "done", after: second / 2 });
  t.notOk(cluster.secrets.has(id));
  clock.advance(second / 2);
  await reconcileLeaf(deps, key, signal);
  t.ok(cluster.secrets.has(id));
});

test("a CA that another process has just replaced signs, not the one that was known", async (t) => {
  const { cluster, deps } = await world();
  const caId = "outboard/eso-provider-ca-internal";
  const known = deps.authority.current;
  const other = await world();
  const replaced = other.cluster.secrets.get(caId);
  cluster.edit(caId, replaced ?? null);
  await reconcileLeaf(deps, key, signal);
  const bundle = Buffer.from(cluster.secrets.get(id)?.data.get("ca.crt") ?? []).toString();
  t.equal(bundle, other.deps.authority.current?.bundle);
  t.not(bundle, known?.bundle);
});

test("an answer that was overtaken does not bring back an older CA", async (t) => {
  const { cluster, deps } = await world();
  const caId = "outboard/eso-provider-ca-internal";
  const { read } = cluster;
  const slow = Promise.withResolvers<void>();
  const old = cluster.secrets.get(caId);
  cluster.read = async () => {
    await slow.promise;
    return old;
  };
  const reading = deps.authority.reread(signal);
  cluster.read = read;
  cluster.edit(caId, { annotations: { "external-secrets.io/rotate": "now" } });
  await deps.authority.reconcile(signal);
  const announced = deps.authority.current?.bundle;
  slow.resolve();
  await reading;
  t.equal(deps.authority.current?.bundle, announced);
  t.match(announced, /BEGIN.*BEGIN/s, "the next one is known");
});
