// Providers in processes of their own against the build that has them in core's.
import { join } from "node:path";
import { root } from "../../test/test-bundles.ts";
import { coreBundle } from "../pairs.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "../report.ts";
import { interleave, median, ratio, typical, type Figures } from "../rounds.ts";
import { isUpkeep } from "./audit-tail.ts";
import { firstWrites, quantile } from "./figures.ts";
import { addSteadily } from "./steady.ts";
import { startBenchWorld } from "./world.ts";

const options = benchOptions();
const [many, steady] = options.quick ? [20, 10] : [1_000, 500];
/** New ExternalSecrets a second. */
const perSecond = 50;
const together = join(root, ".outboard", "bench", "all-in-one", "outboard.cjs");
const world = await startBenchWorld();
const variants = [
  { name: "out of process", measure: () => measure(coreBundle) },
  { name: "all-in-one", measure: () => measure(together) },
];
const rounds = await interleave(options.rounds, variants, roundRows(rowsOf("cluster-together", options)));
await world.stop();

const part = ratio(rounds, "readyPerSecond", ["out of process", "all-in-one"]);
const p95 = (name: string) => rounds.get(name)?.map((figures) => figures["p95Milliseconds"] ?? Number.NaN) ?? [];
const own = p95("out of process");
const extra = median(p95("all-in-one").map((value, round) => (own[round] ?? Number.NaN) - value));
printTable(
  `${many} new ExternalSecrets, then ${perSecond} new ones a second (medians of ${rounds.get("all-in-one")?.length} rounds)`,
  ["", "Ready/s", "p95 at 50/s, ms", "throughput by all-in-one's", "p95 more than all-in-one's, ms"],
  variants.map(({ name }, index) => [
    name,
    typical(rounds, name, "readyPerSecond").toFixed(0),
    typical(rounds, name, "p95Milliseconds").toFixed(0),
    index === 0 ? against(part, { atLeast: 0.95 }) : "",
    index === 0 ? against(extra, { atMost: 2 }) : "",
  ]),
);

async function measure(file: string): Promise<Figures> {
  await world.add("app", many, { store: "main", refreshInterval: "1h" });
  world.tail.read();
  const core = await world.core([], file);
  const asked = await world.synced(many);
  const begin = Math.min(
    ...asked.filter((each) => each.user === world.username && !isUpkeep(each)).map(({ from }) => from),
  );
  const seconds = (Math.max(...firstWrites(asked).values()) - begin) / 1_000;
  const { times } = await addSteadily(world, steady, perSecond);
  await world.checkReady(many + steady);
  await core.stop();
  await world.clear();
  return { readyPerSecond: many / seconds, p95Milliseconds: quantile(times, 0.95) * 1_000 };
}
