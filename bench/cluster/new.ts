// ExternalSecrets that are there when core starts: how many are Ready in a second, and what each takes of every process.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuTime, memory } from "../processes.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "../report.ts";
import type { Figures } from "../rounds.ts";
import { countsOf, isUpkeep } from "./audit-tail.ts";
import { firstWrites, quantile } from "./figures.ts";
import { startBenchWorld, type BenchWorld } from "./world.ts";
import { bareWrites, writtenOf } from "./yardstick.ts";

/** Until what is written beside the objects (events) is written. */
const settle = 2_000;

const options = benchOptions();
const sizes = options.quick ? [20] : [1_000, 5_000];
const write = rowsOf("cluster-new", options);
const keep = roundRows(write);
const world = await startBenchWorld();
const lines: string[][] = [];
for (const size of sizes) {
  for (const store of ["main", "slow"] as const) {
    const figures = await measure(world, size, store);
    keep(0, `${size} ${store}`, figures);
    lines.push(lineOf(`${size}, ${store === "main" ? 0 : 20} ms`, figures, size));
  }
}
await world.stop();

printTable(
  "New ExternalSecrets, made before core starts, in 10 namespaces, default flags (--concurrent 50); CPU in ms each",
  [
    "",
    "Ready/s",
    "of a bare script's",
    "p50 / p99 s",
    "core CPU (and start)",
    "provider CPU",
    "kube-apiserver CPU",
    "script CPU",
    "core MiB",
    "requests",
    "upkeep",
  ],
  lines,
);

async function measure(world: BenchWorld, size: number, store: "main" | "slow"): Promise<Figures> {
  await world.add("app", size, { store, refreshInterval: "1h" });
  const { api, tail } = world;
  const provider = (store === "main" ? world.provider : world.slow).process.pid ?? 0;
  // What making them took is not core's.
  await sleep(settle);
  tail.read();
  const before = { api: cpuTime(api.pid()), provider: cpuTime(provider) };
  const core = await world.core();
  const asked = [...(await world.synced(size))];
  await sleep(settle);
  asked.push(...tail.read());
  const cpu = { core: core.cpu() - core.startCpu, api: cpuTime(api.pid()), provider: cpuTime(provider) };
  const { peak } = core.memory();
  await world.checkReady(size);
  await core.stop();
  const own = asked.filter(({ user }) => user === world.username);
  write({ size, store, requests: countsOf(own) });
  const work = own.filter((each) => !isUpkeep(each));
  const begin = Math.min(...work.map(({ from }) => from));
  const ready = [...firstWrites(own).values()];
  const written = await writtenOf(world, "team-0");
  await world.clear();
  await world.add("app", size, { store, refreshInterval: "1h" });
  await sleep(settle);
  const bare = await bareWrites(world, written);
  await world.clear();
  tail.read();
  const seconds = (Math.max(...ready) - begin) / 1_000;
  return {
    seconds,
    readyPerSecond: size / seconds,
    barePerSecond: size / bare.seconds,
    barePart: bare.seconds / seconds,
    p50Seconds: (quantile(ready, 0.5) - core.startedAt) / 1_000,
    p99Seconds: (quantile(ready, 0.99) - core.startedAt) / 1_000,
    firstSeconds: (begin - core.startedAt) / 1_000,
    coreCpu: cpu.core / size,
    coreStartCpu: core.startCpu,
    providerCpu: (cpu.provider - before.provider) / size,
    apiCpu: (cpu.api - before.api) / size,
    bareCpu: bare.cpuMilliseconds / size,
    corePeakMebibytes: peak,
    providerMebibytes: memory(provider).now,
    requests: work.length / size,
    upkeepRequests: own.length - work.length,
  };
}

function lineOf(title: string, figures: Figures, size: number): string[] {
  const value = (name: string, digits = 2) => (figures[name] ?? Number.NaN).toFixed(digits);
  return [
    title,
    against(figures["readyPerSecond"] ?? 0, { atLeast: size > 1_000 ? 178 : 195 }),
    against(figures["barePart"] ?? 0, { atLeast: 0.8 }),
    `${value("p50Seconds", 1)} / ${value("p99Seconds", 1)}`,
    `${against(figures["coreCpu"] ?? 0, { atMost: 2 })} + ${value("coreStartCpu", 0)} once`,
    value("providerCpu"),
    value("apiCpu"),
    value("bareCpu"),
    against(figures["corePeakMebibytes"] ?? 0, { atMost: size > 1_000 ? 197 : 134 }),
    against(figures["requests"] ?? 0, { atMost: 3 }),
    value("upkeepRequests", 0),
  ];
}
