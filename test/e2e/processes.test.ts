import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test, type Test } from "tap";
import { testBundles } from "../test-bundles.ts";
import { documents, externalSecret, store, values } from "./manifests.ts";
import { type Outboard, startOutboard, until } from "./outboard.ts";
import { childrenOf, isAlive, providerOf } from "./proc.ts";

/** `outboard local --watch` on manifests, its keys and its Secrets in folders of the test's own. */
function watching(t: Test, ...manifests: readonly string[]) {
  const folder = t.testdir({ manifests: { "all.json": documents(...manifests) }, temporary: {} });
  const [out, temporary] = [join(folder, "out"), join(folder, "temporary")];
  const args = ["local", "-f", join(folder, "manifests"), "--watch", "--out", out, "--bundle-dir", testBundles];
  const outboard = startOutboard(t, args, { env: { TMPDIR: temporary } });
  return {
    outboard,
    temporary,
    /** Adds a manifest. */
    add: (name: string, text: string) => writeFileSync(join(folder, "manifests", name), text),
    /** What was written for a key of a Secret. */
    written: (secret: string, key: string) => {
      const file = join(out, "default", secret, key);
      return existsSync(file) ? readFileSync(file, "utf8") : undefined;
    },
  };
}

const twoProviders = [
  store("fake", values({ a: "a" })),
  externalSecret("of-fake", "fake", { a: "a" }),
  store("chef", values({ a: "a" })),
  externalSecret("of-chef", "chef", { a: "a" }),
];

/** Two children that serve, and one of them is busy with a call that it never ends. */
async function busyProviders(t: Test) {
  const world = watching(t, ...twoProviders, externalSecret("deaf", "chef", { a: "deaf" }));
  const { outboard, written } = world;
  await until(
    () => written("of-fake", "a") === "a" && written("of-chef", "a") === "a",
    () => outboard.stderr(),
  );
  const children = childrenOf(outboard.process.pid);
  t.equal(children.length, 2);
  return { ...world, children };
}

test("two seconds after a kill -9 of outboard no child lives", async (t) => {
  const { outboard, children, temporary } = await busyProviders(t);
  t.ok(readdirSync(temporary).length > 0, "their keys are in a folder of the run");
  outboard.process.kill("SIGKILL");
  const killed = performance.now();
  while (children.some(isAlive) && performance.now() - killed < 2_000) await sleep(10);
  t.strictSame(children.filter(isAlive), []);
  for (const child of children.filter(isAlive)) process.kill(child, "SIGKILL");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends the children, removes the keys and tells how it stood`, async (t) => {
    const { outboard, written, temporary } = watching(t, ...twoProviders);
    await until(
      () => written("of-fake", "a") === "a" && written("of-chef", "a") === "a",
      () => outboard.stderr(),
    );
    const children = childrenOf(outboard.process.pid);
    t.equal(children.length, 2);
    outboard.process.kill(signal);
    t.equal(await outboard.exited, 0, outboard.stderr());
    t.match(outboard.stderr(), "4 of 4 Ready");
    t.strictSame(children.filter(isAlive), []);
    t.strictSame(readdirSync(temporary), []);
  });
}

test("a second SIGTERM waits for no call, and leaves nothing behind either", async (t) => {
  const { outboard, children, temporary } = await busyProviders(t);
  outboard.process.kill("SIGTERM");
  // Two signals of one kind at once are one signal.
  await sleep(100);
  outboard.process.kill("SIGTERM");
  t.equal(await outboard.exited, 143);
  t.strictSame(readdirSync(temporary), []);
  await until(
    () => !children.some(isAlive),
    () => "a child lives on",
  );
});

test("a provider that is killed under load comes back, and all is Ready again by itself", async (t) => {
  const names = Array.from({ length: 200 }, (_, index) => `app-${index}`);
  // The process id says which process answered last; the slow one keeps calls in flight.
  const apps = names.map((name) => externalSecret(name, "chef", { pid: "pid", slow: "slow:50:x" }, "1s"));
  const { outboard, written } = watching(t, store("chef", values({})), ...apps);
  const allFrom = (pid: number) =>
    until(
      () => names.every((name) => written(name, "pid") === String(pid)),
      () => `${names.filter((name) => written(name, "pid") !== String(pid)).length} are not from ${pid}`,
    );
  const first = await nextProvider(outboard);
  await allFrom(first);
  process.kill(first, "SIGKILL");
  const second = await nextProvider(outboard, first);
  await allFrom(second);
  outboard.process.kill("SIGTERM");
  t.equal(await outboard.exited, 0, "exit 0: all is Ready");
  t.match(outboard.stderr(), `${names.length + 1} of ${names.length + 1} Ready`);
});

test("a provider that is stopped holds up its own stores and no other", async (t) => {
  const { outboard, add, written } = watching(t, ...twoProviders);
  const wrote = (secret: string) =>
    until(
      () => written(secret, "a") === "a",
      () => `${secret} is not written; ${outboard.stderr()}`,
    );
  await Promise.all([wrote("of-fake"), wrote("of-chef")]);
  const stopped = providerOf(outboard.process.pid, "scripted");
  t.teardown(() => isAlive(stopped) && process.kill(stopped, "SIGKILL"));
  process.kill(stopped, "SIGSTOP");
  // More than core works on at once, and first in the queue.
  const names = (prefix: string) => Array.from({ length: 60 }, (_, index) => `${prefix}-${index}`);
  const held = names("held").map((name) => externalSecret(name, "chef", { a: "a" }));
  const free = names("free").map((name) => externalSecret(name, "fake", { a: "a" }));
  add("more.json", documents(...held, ...free));
  for (const name of names("free")) await wrote(name);
  t.equal(written("held-0", "a"), undefined, "the stopped one answered nothing meanwhile");
  t.notMatch(outboard.stderr(), /held-\d+ not Ready/, "and nobody waited for those to give up");
  process.kill(stopped, "SIGCONT");
  for (const name of names("held")) await wrote(name);
  t.equal(providerOf(outboard.process.pid, "scripted"), stopped, "it went on, nobody started it again");
});

/** The process id of the one child that is not `previous`. */
async function nextProvider(outboard: Outboard, previous?: number): Promise<number> {
  let found: number | undefined;
  await until(
    () => {
      [found] = childrenOf(outboard.process.pid).filter((child) => child !== previous);
      return found !== undefined;
    },
    () => outboard.stderr(),
  );
  return found ?? 0;
}
