import { test } from "tap";
import { certsWorld, minute, second } from "../../test/certs-world.ts";

test("the hundred oldest Services of a namespace count, and others are not touched by the rest", async (t) => {
  const { cluster, begin, pass, metrics } = certsWorld(t);
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
  const { clock, cluster, begin } = certsWorld(t);
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
