import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import root, { test, type Test } from "tap";
import { startApiProxy, type SeenRequest } from "../api-proxy.ts";
import { apiServerMissing } from "../api-server.ts";
import { becomes } from "../core-observation.ts";
import { externalSecretOf } from "../core-process.ts";
import { until } from "../e2e/outboard.ts";
import { compact } from "../etcd.ts";
import { many, scriptedStore, startFaultWorld } from "./fault-world.ts";

/** The outage that the API server is given, milliseconds. */
const outage = 90_000;

root.setTimeout(400_000);

test("API servers that are away, refuse or forget", { skip: apiServerMissing() }, async (t) => {
  const world = await startFaultWorld(t);
  const { namespace, make, allReady, passwords, writes, rests, password, end } = world;
  const { api } = world;
  const { kubectl } = api;
  const count = 30;
  const apps = (key: (index: number) => string, more: object = {}) =>
    many(count, (index) => externalSecretOf(key(index), more, { name: `app-${index}` }));
  const valuesOf = (value: (index: number) => string) =>
    Object.fromEntries(many(count, (index) => [`app-${index}`, value(index)]));
  const change = async (space: string, name: string, key: string) => {
    const data = [{ secretKey: "password", remoteRef: { key } }];
    const patch = JSON.stringify({ spec: { data } });
    await kubectl(["-n", space, "patch", "externalsecret", name, "--type=merge", "-p", patch]);
  };
  /** Core's account through a proxy. */
  const proxied = async (t: Test) => {
    const proxy = await startApiProxy(api);
    t.teardown(() => proxy.stop());
    const { users } = JSON.parse(readFileSync(world.kubeconfig, "utf8")) as {
      readonly users: readonly { readonly user: object }[];
    };
    return { proxy, kubeconfig: proxy.kubeconfig(users[0]?.user) };
  };

  await t.test("stopped for 90 s while a provider changes what it serves", async (t) => {
    const space = await namespace();
    const core = await world.core(t);
    await make(space, [scriptedStore(), ...apps((index) => `slow:0:value-${index}`)]);
    await make(space, [externalSecretOf("pid", { refreshInterval: "1s" }, { name: "pid" })]);
    await allReady(space, count + 1);
    await make(
      space,
      many(count, (index) => externalSecretOf(`slow:500:late-${index}`, {}, { name: `late-${index}` })),
    );
    await api.goDown();
    await core.said("the Lease was lost: work stopped, and it is wanted again");
    await world.killScripted();
    await world.startScripted();
    await sleep(outage);
    t.match(await core.ask("/healthz"), "ok", "the process lives: killing it would help nobody");
    await api.comeBack();
    await allReady(space, 2 * count + 1);
    await becomes("what the provider serves now", () => password(space, "pid"), String(world.scripted().process.pid));
    t.match(await passwords(space), {
      ...valuesOf((index) => `value-${index}`),
      ...Object.fromEntries(many(count, (index) => [`late-${index}`, `late-${index}`])),
    });
    t.strictSame(
      [...writes(space)].filter(([name, times]) => times > (name === "pid" ? 2 : 1)),
      [],
      "what had not changed was not written again",
    );
    t.equal(core.process.exitCode, null, "it is the same process");
    await kubectl(["-n", space, "delete", "externalsecret", "pid"]);
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("429 with Retry-After, 500, and answers that are lost, to three writes of four", async (t) => {
    const space = await namespace();
    const { proxy, kubeconfig } = await proxied(t);
    const core = await world.core(t, { kubeconfig });
    await core.said("the Lease is held");
    const met = new Map<string, number>();
    proxy.rule(({ method, url }) => {
      if (method === "GET" || url.includes("/leases/")) return undefined;
      const request = `${method} ${url}`;
      const times = met.get(request) ?? 0;
      met.set(request, times + 1);
      return ([{ status: 429, headers: { "retry-after": "1" } }, { status: 500 }, { answer: "lost" }] as const)[
        times % 4
      ];
    });
    await make(space, [scriptedStore(), ...apps((index) => `slow:0:value-${index}`)]);
    await allReady(space, count);
    t.strictSame(
      await passwords(space),
      valuesOf((index) => `value-${index}`),
    );
    t.strictSame(
      [...writes(space)].filter(([, times]) => times > 1),
      [],
      "what was written though nobody was told is not written again",
    );
    t.ok([...met.values()].filter((times) => times > 2).length > count, "each object met all three");
    proxy.rule(() => undefined);
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("429 and 500 to everything for a while, with every watch cut", async (t) => {
    const space = await namespace();
    const { proxy, kubeconfig } = await proxied(t);
    const core = await world.core(t, { kubeconfig });
    await make(space, [scriptedStore(), ...apps((index) => `slow:0:first-${index}`)]);
    await allReady(space, count);
    for (const [answer, value] of [
      [{ status: 429, headers: { "retry-after": "1" } }, "second"],
      [{ status: 500 }, "third"],
    ] as const) {
      let refused = 0;
      proxy.rule(() => {
        refused += 1;
        return answer;
      });
      proxy.cut();
      for (const index of many(count, (each) => each)) await change(space, `app-${index}`, `slow:0:${value}-${index}`);
      await until(
        () => refused >= 30,
        () => `core asked ${refused} times only`,
      );
      await core.said("the Lease was lost: work stopped, and it is wanted again");
      proxy.rule(() => undefined);
      const wanted = valuesOf((index) => `${value}-${index}`);
      await until(
        async () => isDeepStrictEqual(await passwords(space), wanted),
        () => `${value} did not come everywhere`,
      );
      await allReady(space, count);
    }
    t.strictSame(
      [...writes(space)].filter(([, times]) => times > 3),
      [],
      "each value was written once",
    );
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("watches are cut while objects change", async (t) => {
    const space = await namespace();
    const { proxy, kubeconfig } = await proxied(t);
    const core = await world.core(t, { kubeconfig });
    await make(space, [scriptedStore(), externalSecretOf("slow:0:0"), externalSecretOf("slow:0:x", {}, { name: "b" })]);
    await allReady(space, 2);
    const lists = ({ method, url }: SeenRequest) =>
      method === "GET" && !url.includes("watch=true") && /secrets\?/.test(url);
    const before = proxy.seen().filter(lists).length;
    for (const round of ["1", "2", "3"]) {
      proxy.cut();
      await change(space, "app", `slow:0:${round}`);
      proxy.cut();
      await becomes("the Secret after a change", () => password(space), round);
      proxy.cut();
      await kubectl(["-n", space, "delete", "secret", "b"]);
      proxy.cut();
      await becomes("the Secret after a deletion", () => password(space, "b"), "x");
      proxy.cut();
      const edit = '{"stringData":{"password":"edited"}}';
      await kubectl(["-n", space, "patch", "secret", "app", "--type=merge", "-p", edit]);
      proxy.cut();
      await becomes("the Secret after an edit", () => password(space), round);
    }
    t.equal(proxy.seen().filter(lists).length, before, "nothing was listed again");
    t.equal(writes(space).get("b"), 4, "made, and put back three times");
    t.equal(writes(space).get("app"), 7, "made, and changed and put back three times");
    await allReady(space, 2);
    await rests(t, core, space);
    await end(t, core);
  });

  await t.test("etcd is compacted while core sees nothing", async (t) => {
    const space = await namespace();
    const { proxy, kubeconfig } = await proxied(t);
    const core = await world.core(t, { kubeconfig });
    await make(space, [scriptedStore(), ...apps((index) => `slow:0:first-${index}`)]);
    await allReady(space, count);
    proxy.rule(() => ({ status: 503 }));
    proxy.cut();
    await change(space, "app-0", "slow:0:second");
    await kubectl(["-n", space, "delete", "secret", "app-1"]);
    // Its Secret would be the garbage collector's, which does not run here.
    await kubectl(["-n", space, "delete", "externalsecret", "app-2"]);
    await make(space, [externalSecretOf("slow:0:new", {}, { name: "new" })]);
    await compact(api);
    // What the API server still has in memory goes with it.
    await api.restart();
    proxy.rule(() => undefined);
    await becomes("the new one's Secret", () => password(space, "new"), "new");
    await becomes("the changed one's Secret", () => password(space, "app-0"), "second");
    await becomes("the deleted Secret", () => password(space, "app-1"), "first-1");
    await allReady(space, count);
    const first = valuesOf((index) => `first-${index}`);
    t.strictSame(await passwords(space), { ...first, "app-0": "second", new: "new" });
    const rewritten = [...writes(space)].filter(([, times]) => times > 1);
    t.strictSame(Object.fromEntries(rewritten), { "app-0": 2, "app-1": 2 }, "nothing else was written again");
    await rests(t, core, space);
    await end(t, core);
  });
});
