// ExternalSecrets that are refreshed over and over while nothing changes, what a provider's death does to them, and
// whether new ones wait for refreshes that are due.
import { setTimeout as sleep } from "node:timers/promises";
import { cpuTime } from "../processes.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "../report.ts";
import type { Figures } from "../rounds.ts";
import { countsOf, isStatusWrite, isUpkeep, type Asked } from "./audit-tail.ts";
import { quantile } from "./figures.ts";
import { addSteadily } from "./steady.ts";
import { startBenchWorld } from "./world.ts";

const options = benchOptions();
const { quick } = options;
const write = rowsOf("cluster-refresh", options);
const keep = roundRows(write);
const world = await startBenchWorld();
const { api, tail } = world;
const count = quick ? 20 : 1_000;
/** Milliseconds of every ExternalSecret's refreshInterval. */
const period = 10_000;

await world.add("app", count, { store: "main", refreshInterval: "10s" });
const core = await world.core();
await world.synced(count);
const steady = await refreshing();
keep(0, "refresh", steady);
const back = await providerBack();
keep(0, "provider back", back);
await world.checkReady(count);
await core.stop();
await world.clear();
const due = await newAmongDue();
keep(0, "new among due", due);
await world.stop();

printTable(
  `${count} ExternalSecrets, refreshed every ${period / 1_000} s, nothing changed`,
  [
    "refreshes/s",
    "requests each",
    "core CPU ms each",
    "provider CPU ms each",
    "together",
    "kube-apiserver CPU ms each",
  ],
  [
    [
      show(steady, "refreshesPerSecond", 0),
      against(steady["requests"] ?? 0, { atMost: 1 }),
      show(steady, "coreCpu"),
      show(steady, "providerCpu"),
      against(steady["cpu"] ?? 0, { atMost: 1.2 }),
      show(steady, "apiCpu"),
    ],
  ],
);
printTable(
  "The same, provider killed and back after 5 s",
  ["not Ready when it came", "all Ready again, s after it was back", "calls/s at most", "status writes/s at most"],
  [
    [
      show(back, "notReady", 0),
      against(back["seconds"] ?? 0, { atMost: 5 }),
      show(back, "readsPerSecond", 0),
      show(back, "writesPerSecond", 0),
    ],
  ],
);
printTable(
  `New ExternalSecrets at 5/s while ${quick ? 50 : 5_000} refreshes are due`,
  ["p50 to Ready, s", "p99 to Ready, s", "refreshes/s meanwhile"],
  [[show(due, "p50Seconds"), against(due["p99Seconds"] ?? 0, { atMost: 2 }), show(due, "refreshesPerSecond", 0)]],
);

function show(figures: Figures, name: string, digits = 2): string {
  return (figures[name] ?? Number.NaN).toFixed(digits);
}

async function refreshing(): Promise<Figures> {
  await sleep(period);
  tail.read();
  const now = () => ({ core: core.cpu(), provider: cpuTime(provider()), api: cpuTime(api.pid()) });
  const before = now();
  const seconds = quick ? 10 : 40;
  await sleep(seconds * 1_000);
  const after = now();
  const own = tail.read().filter(({ user }) => user === world.username);
  write({ requests: countsOf(own) });
  const refreshes = own.filter(isStatusWrite).length;
  const each = (part: keyof typeof before) => (after[part] - before[part]) / refreshes;
  return {
    refreshesPerSecond: refreshes / seconds,
    requests: own.filter((asked) => !isUpkeep(asked)).length / refreshes,
    coreCpu: each("core"),
    providerCpu: each("provider"),
    cpu: each("core") + each("provider"),
    apiCpu: each("api"),
  };
}

async function providerBack(): Promise<Figures> {
  await world.killProvider();
  await sleep(5_000);
  const most = await unready();
  const provider = await world.startProvider();
  const backAt = Date.now();
  const reads = () => provider.metric("grpc_server_requests_total", 'method="Read"');
  let last = { reads: await reads(), at: backAt };
  let readsPerSecond = 0;
  let notReady = most;
  while (notReady > 0) {
    await sleep(500);
    notReady = await unready();
    const now = { reads: await reads(), at: Date.now() };
    readsPerSecond = Math.max(readsPerSecond, ((now.reads - last.reads) * 1_000) / (now.at - last.at));
    last = now;
  }
  const seconds = (Date.now() - backAt) / 1_000;
  const own = tail.read().filter(isStatusWrite);
  write({ back: countsOf(own) });
  return { seconds, notReady: most, readsPerSecond, writesPerSecond: busiest(own) };
}

/** ExternalSecrets that are not Ready, by core's own metric. */
async function unready(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${core.metricsPort}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => /^externalsecret_status_condition\{.*condition="Ready".*status="False".*\} 1$/.test(line)).length;
}

/** Most requests in one second. */
function busiest(asked: readonly Asked[]): number {
  const seconds = new Map<number, number>();
  for (const { to } of asked) {
    const second = Math.floor(to / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(0, ...seconds.values());
}

async function newAmongDue(): Promise<Figures> {
  const [many, fresh] = quick ? [50, 10] : [5_000, 200];
  // More refreshes than the machine can do: some are always due.
  await world.add("app", many, { store: "main", refreshInterval: "10s" });
  const core = await world.core();
  await world.synced(many);
  await sleep(period);
  tail.read();
  const { times, asked, seconds } = await addSteadily(world, fresh, 5);
  await core.stop();
  return {
    p50Seconds: quantile(times, 0.5),
    p99Seconds: quantile(times, 0.99),
    refreshesPerSecond: asked.filter(isStatusWrite).length / seconds,
  };
}

function provider(): number {
  return world.provider.process.pid ?? 0;
}
