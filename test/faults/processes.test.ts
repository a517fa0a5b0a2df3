import root, { test } from "tap";
import { apiServerMissing } from "../api-server.ts";
import { becomes } from "../core-observation.ts";
import { externalSecretOf, fakeStore } from "../core-process.ts";
import { until } from "../e2e/outboard.ts";
import { many, scriptedStore, startFaultWorld } from "./fault-world.ts";

root.setTimeout(300_000);

test("processes that are killed, hang or are slow", { skip: apiServerMissing() }, async (t) => {
  const world = await startFaultWorld(t);
  const { namespace, make, allReady, passwords, writes, rests, ready, password, end } = world;
  const { kubectl } = world.api;
  const named = (count: number, key: (index: number) => string, more: object = {}) =>
    many(count, (index) => externalSecretOf(key(index), more, { name: `app-${index}` }));
  const synced = async (space: string) => Object.keys(await passwords(space)).length;
  const atLeast = (space: string, count: number) =>
    until(
      async () => (await synced(space)) >= count,
      () => `${space} never had ${count} Secrets`,
    );
  const rewritten = (space: string) => [...writes(space)].filter(([, count]) => count > 1);

  await t.test("core is killed in the middle of a sync, twice; the second time another stands by", async (t) => {
    const space = await namespace();
    const count = 60;
    await make(space, [scriptedStore(), ...named(count, (index) => `slow:1000:value-${index}`)]);
    const first = await world.core(t);
    await atLeast(space, 1);
    first.process.kill("SIGKILL");
    await first.exited;
    t.ok((await synced(space)) < count, "it was in the middle");
    const second = await world.core(t);
    await second.said("the Lease is held");
    const third = await world.core(t);
    await third.said("another process holds the Lease: nothing is written");
    await atLeast(space, count / 2);
    second.process.kill("SIGKILL");
    await second.exited;
    await third.said("the Lease is held");
    await allReady(space, count);
    t.strictSame(
      await passwords(space),
      Object.fromEntries(many(count, (index) => [`app-${index}`, `value-${index}`])),
      "each has its own value",
    );
    t.strictSame(rewritten(space), [], "none was written twice");
    await rests(t, third, space);
    await end(t, third);
    const fourth = await world.core(t);
    await fourth.said("the Lease is held");
    await rests(t, fourth, space);
    t.strictSame(rewritten(space), [], "a core that starts has nothing to write");
    await end(t, fourth);
  });

  await t.test("a provider is killed in the middle of a sync and comes back", async (t) => {
    const space = await namespace();
    const core = await world.core(t);
    const count = 40;
    await make(space, [scriptedStore()]);
    await make(space, [externalSecretOf("pid", { refreshInterval: "1s" }, { name: "pid" })]);
    await becomes("the process", () => password(space, "pid"), String(world.scripted().process.pid));
    await make(
      space,
      named(count, (index) => `slow:1000:value-${index}`),
    );
    await atLeast(space, 2);
    await world.killScripted();
    await ready(space, "externalsecret/pid", { status: "False" });
    t.ok((await synced(space)) < count, "it was in the middle");
    await make(space, [externalSecretOf("slow:0:late", {}, { name: "late" })]);
    await world.startScripted();
    await allReady(space, count + 2);
    await becomes("the process", () => password(space, "pid"), String(world.scripted().process.pid));
    t.match(await passwords(space), {
      late: "late",
      ...Object.fromEntries(many(count, (index) => [`app-${index}`, `value-${index}`])),
    });
    t.strictSame(
      rewritten(space).filter(([name]) => name !== "pid"),
      [],
      "none was written twice",
    );
    t.equal(writes(space).get("pid"), 2, "this one for each process that it saw, however often it was read");
    await kubectl(["-n", space, "delete", "externalsecret", "pid"]);
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("while a provider hangs another's stores sync, and it catches up when it goes on", async (t) => {
    const [hung, fine] = [await namespace(), await namespace()];
    const core = await world.core(t);
    const count = 80;
    await make(
      hung,
      many(4, (index) => scriptedStore({}, `store-${index}`)),
    );
    await world.apply(fine, fakeStore({ db: "first" }));
    for (const index of many(4, (each) => each)) await ready(hung, `secretstore/store-${index}`, { status: "True" });
    const { process } = world.scripted();
    process.kill("SIGSTOP");
    t.teardown(() => process.kill("SIGCONT"));
    const secretStoreRef = (index: number) => ({ secretStoreRef: { name: `store-${index % 4}` } });
    await make(
      hung,
      many(count, (index) =>
        externalSecretOf(`slow:0:value-${index}`, secretStoreRef(index), { name: `app-${index}` }),
      ),
    );
    await until(
      async () => /queue_depth\{controller="ExternalSecret",state="active"\} 25/.test(await core.ask("/metrics")),
      () => "the hung provider does not hold its half of the workers",
    );
    await world.apply(fine, externalSecretOf("db"));
    await ready(fine, "externalsecret/app", { status: "True" });
    await world.apply(fine, fakeStore({ db: "second" }), externalSecretOf("db", { refreshInterval: "30m" }));
    await becomes("the other's Secret after a change", () => password(fine), "second");
    t.equal(await synced(hung), 0, "it still hangs");
    await until(
      async () => {
        const conditions = [...(await world.objects(hung, "externalsecrets")).values()];
        return conditions.some(({ status }) => status?.conditions?.[0]?.status === "False");
      },
      () => "no condition says that the provider does not answer",
    );
    process.kill("SIGCONT");
    await allReady(hung, count);
    t.strictSame(await passwords(hung), Object.fromEntries(many(count, (index) => [`app-${index}`, `value-${index}`])));
    t.strictSame(rewritten(hung), [], "none was written twice");
    await rests(t, core, hung, fine);
    await end(t, core);
  });

  await t.test("a slow provider is waited for, and others do not wait", async (t) => {
    const [slow, fine] = [await namespace(), await namespace()];
    const core = await world.core(t);
    await make(slow, [scriptedStore(), ...named(24, (index) => `slow:5000:value-${index}`)]);
    await until(
      async () => /queue_depth\{controller="ExternalSecret",state="active"\} 12/.test(await core.ask("/metrics")),
      () => "a slow store does not hold its quarter of the workers",
    );
    await make(fine, [fakeStore({ db: "value" }), externalSecretOf("db")]);
    await ready(fine, "externalsecret/app", { status: "True" });
    t.ok((await synced(slow)) < 24, "it is still waited for");
    await allReady(slow, 24);
    t.strictSame(rewritten(slow), []);
    await rests(t, core, slow, fine);
    await end(t, core);
  });

  await t.test(
    "an ExternalSecret that names another's Secret leaves it alone, and takes it when it is free",
    async (t) => {
      const space = await namespace();
      const core = await world.core(t);
      const shared = (name: string, key: string) => externalSecretOf(key, { target: { name: "shared" } }, { name });
      await make(space, [fakeStore({ a: "first", b: "second" }), shared("owner", "a")]);
      await ready(space, "externalsecret/owner", { status: "True" });
      await make(space, [shared("thief", "b")]);
      const refusal = { status: "False", message: "target is owned by another ExternalSecret" };
      await ready(space, "externalsecret/thief", refusal);
      await rests(t, core, space);
      core.process.kill("SIGKILL");
      await core.exited;
      const next = await world.core(t);
      await next.said("the Lease is held");
      await rests(t, next, space);
      await ready(space, "externalsecret/thief", refusal);
      t.equal(await password(space, "shared"), "first");
      t.equal(writes(space).get("shared"), 1);
      await kubectl(["-n", space, "delete", "externalsecret", "owner"]);
      // The garbage collector's work, which does not run here.
      await kubectl(["-n", space, "delete", "secret", "shared"]);
      await ready(space, "externalsecret/thief", { status: "True" });
      t.equal(await password(space, "shared"), "second");
      await end(t, next);
    },
  );
});
