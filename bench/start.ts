// How soon a provider's bundle listens and what it holds when idle, against a bare grpc-js server of the same Node flags.
import { setTimeout as sleep } from "node:timers/promises";
import { createRunKeys } from "../src/local/run-keys.ts";
import { launchOf, type Side } from "./pairs.ts";
import { cpuTime, memory, startServer } from "./processes.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "./report.ts";
import { interleave, ratio, typical } from "./rounds.ts";

const aims = { milliseconds: { atMost: 1.5 }, mebibytes: { atMost: 1.3 } };

const options = benchOptions();
/** Milliseconds after which a server counts as idle. */
const idle = options.quick ? 100 : 3_000;
const keys = await createRunKeys(Date.now());
const sides: readonly Side[] = ["bare", "outboard"];
const variants = sides.map((side) => ({
  name: side,
  measure: async () => {
    const server = await startServer(await launchOf(side, keys));
    const cpuMilliseconds = cpuTime(server.pid);
    await sleep(idle);
    const mebibytes = memory(server.pid).now;
    await server.stop();
    return { milliseconds: server.milliseconds, cpuMilliseconds, mebibytes };
  },
}));

const rounds = await interleave(options.quick ? 1 : options.rounds * 2, variants, roundRows(rowsOf("start", options)));
keys.remove();

printTable(
  `A server at rest (medians of ${rounds.get("bare")?.length} rounds)`,
  ["", "grpc-js", "fake's bundle", "ratio"],
  [
    ["start to listening, ms", "milliseconds"] as const,
    ["CPU until then, ms", "cpuMilliseconds"] as const,
    ["resident memory, MiB", "mebibytes"] as const,
  ].map(([title, figure]) => {
    const times = ratio(rounds, figure, ["outboard", "bare"]);
    const cells = sides.map((side) => typical(rounds, side, figure).toFixed(0));
    return [title, ...cells, figure === "cpuMilliseconds" ? times.toFixed(2) : against(times, aims[figure])];
  }),
);
