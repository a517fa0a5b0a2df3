import { setTimeout as sleep } from "node:timers/promises";
import root, { test } from "tap";
import { apiServerMissing } from "../api-server.ts";
import { becomes } from "../core-observation.ts";
import { externalSecretOf, readyOf } from "../core-process.ts";
import { until } from "../e2e/outboard.ts";
import { many, scriptedStore, startFaultWorld } from "./fault-world.ts";

const minutes = 60_000;
root.setTimeout(10 * minutes);

test("large numbers and large Secrets", { skip: apiServerMissing() }, async (t) => {
  const world = await startFaultWorld(t);
  const { namespace, make, allReady, passwords, writes, rests, ready, password, end } = world;
  const { kubectl } = world.api;

  await t.test("a Secret of 1 MiB is written, kept, and not a byte more", async (t) => {
    const space = await namespace();
    const core = await world.core(t);
    const mebibyte = 1024 * 1024;
    await make(space, [scriptedStore(), externalSecretOf(`bytes:${mebibyte}`)]);
    await ready(space, "externalsecret/app", { status: "True" });
    t.equal((await password(space))?.length, mebibyte);
    await kubectl(["-n", space, "patch", "secret", "app", "--type=merge", "-p", '{"stringData":{"password":"x"}}']);
    await becomes("its length after an edit", async () => (await password(space))?.length, mebibyte);
    await make(space, [externalSecretOf(`bytes:${mebibyte + 1}`, {}, { name: "more" })]);
    await ready(space, "externalsecret/more", {
      status: "False",
      message: "could not update secret: it is larger than Kubernetes allows (1 MiB)",
    });
    t.equal(await world.get(space, "secret/more"), undefined);
    await kubectl(["-n", space, "delete", "externalsecret", "more"]);
    t.equal(writes(space).get("app"), 2, "made, and put back");
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("5,000 ExternalSecrets are there when core starts", async (t) => {
    const spaces: string[] = [];
    const each = 500;
    while (spaces.length < 10) spaces.push(await namespace());
    for (const space of spaces)
      await make(space, [
        scriptedStore(),
        ...many(each, (index) => externalSecretOf(`slow:0:${space}-${index}`, {}, { name: `app-${index}` })),
      ]);
    const started = performance.now();
    const core = await world.core(t);
    for (const space of spaces) await allReady(space, each, 5 * minutes);
    const seconds = (performance.now() - started) / 1_000;
    t.comment(`${spaces.length * each} Ready after ${seconds.toFixed(1)} s`);
    for (const space of spaces) {
      const values = many(each, (index) => [`app-${index}`, `${space}-${index}`]);
      t.strictSame(await passwords(space), Object.fromEntries(values), "each has its own value");
      const counts = new Set(writes(space).values());
      t.strictSame([...counts], [1], "each was written once");
    }
    await rests(t, core, ...spaces);
    core.process.kill("SIGKILL");
    await core.exited;
    const next = await world.core(t);
    await next.said("the Lease is held");
    await rests(t, next, ...spaces);
    for (const space of spaces) t.strictSame([...new Set(writes(space).values())], [1]);
    await end(t, next);
  });

  await t.test("one tenant floods a provider with maps of 50,000 keys while another syncs through it", async (t) => {
    const [loud, quiet] = [await namespace(), await namespace()];
    const core = await world.core(t, { lease: [] });
    await make(quiet, [scriptedStore(), externalSecretOf("slow:0:start")]);
    await allReady(quiet, 1);
    /** Milliseconds from each of `count` changes until the object says that it is synced as it is now. */
    const changes = async (name: string, count: number) => {
      const times: number[] = [];
      for (const round of many(count, (index) => index)) {
        const key = `slow:0:${name}-${round}`;
        const patch = { spec: { data: [{ secretKey: "password", remoteRef: { key } }] } };
        const path = `/apis/external-secrets.io/v1/namespaces/${quiet}/externalsecrets/app`;
        const started = performance.now();
        const { body } = await world.api.request("PATCH", path, patch, "application/merge-patch+json");
        const { generation } = (body as { readonly metadata: { readonly generation: number } }).metadata;
        await until(
          async () => {
            const { status } = (await world.objects(quiet, "externalsecrets")).get("app") ?? {};
            const isSynced = String(status?.["syncedResourceVersion"]).startsWith(`${generation}-`);
            return isSynced && readyOf({ status } as never)?.status === "True";
          },
          () => `${key} was never synced`,
        );
        times.push(performance.now() - started);
        await sleep(50);
      }
      return times.toSorted((a, b) => a - b);
    };
    const before = await changes("quiet", 20);
    const flood = { refreshInterval: "1s", data: [], dataFrom: [{ extract: { key: "map:50000" } }] };
    await make(loud, [
      ...many(4, (index) => scriptedStore({}, `store-${index}`)),
      ...many(40, (index) => {
        const secretStoreRef = { name: `store-${index % 4}` };
        return externalSecretOf("", { ...flood, secretStoreRef }, { name: `flood-${index}` });
      }),
    ]);
    const reads = () => world.scripted().metric("grpc_server_requests_total", 'method="Read"');
    const asked = await reads();
    await until(
      async () => (await reads()) > asked + 8,
      () => "the flood did not come",
    );
    const during = await changes("loud", 20);
    t.ok((await reads()) > asked + 16, "the flood went on");
    const at = (times: readonly number[], part: number) => Math.round(times[Math.ceil(times.length * part) - 1] ?? 0);
    const figures = (times: readonly number[]) => `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`;
    const bar = Math.max(500, 3 * at(before, 0.99));
    const verdict = at(during, 0.99) <= bar ? "met" : "missed";
    t.comment(
      `change to Ready: quiet ${figures(before)}; while another floods ${figures(during)}; ${bar} ms: ${verdict}`,
    );
    await world.killScripted();
    await kubectl(["-n", loud, "delete", "externalsecret", "--all", "--wait=false"]);
    await world.startScripted();
    await allReady(quiet, 1);
    await rests(t, core, quiet);
    await end(t, core);
  });
});
