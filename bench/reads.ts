// Secrets for a second of CPU: `Read` of many against one call of grpc-js alone for each.
import { startPair } from "./pairs.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "./report.ts";
import { interleave, ratio, typical, type Variant } from "./rounds.ts";

const inFlight = 16;
const aims = [
  { reads: 10, atLeast: 5 },
  { reads: 100, atLeast: 9 },
];

const options = benchOptions();
const [bare, outboard] = [await startPair("bare"), await startPair("outboard")];
const base = "grpc-js, one call each";
const nameOf = (reads: number) => `Read of ${reads}`;
const variants = (milliseconds: number): readonly Variant[] => [
  {
    name: base,
    measure: () => bare.run({ store: { secrets: 1, specBytes: 0 }, reads: 1, inFlight, milliseconds }),
  },
  ...aims.map(({ reads }) => ({
    name: nameOf(reads),
    measure: () => outboard.run({ store: { secrets: reads, specBytes: 0 }, reads, inFlight, milliseconds }),
  })),
];

const write = rowsOf("reads", options);
await interleave(1, variants(options.quick ? 20 : 1_000), () => undefined);
const rounds = await interleave(options.rounds, variants(options.quick ? 100 : 2_000), roundRows(write));
await Promise.all([bare.stop(), outboard.stop()]);

const figure = (variant: string) => typical(rounds, variant, "secretsPerCpuSecond").toFixed(0);
printTable(
  `Secrets per second of CPU, client and server together, ${inFlight} in flight (medians of ${options.rounds} rounds)`,
  ["", "secrets/s", "ratio"],
  [
    [base, figure(base), "1"],
    ...aims.map((aim) => {
      const name = nameOf(aim.reads);
      return [name, figure(name), against(ratio(rounds, "secretsPerCpuSecond", [name, base]), aim)];
    }),
  ],
);
