import root, { test } from "tap";
import { apiServerMissing } from "../api-server.ts";
import { becomes } from "../core-observation.ts";
import { externalSecretOf } from "../core-process.ts";
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
});
