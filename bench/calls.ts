// CPU of one call, client and server together: core's shim and a provider's bundle against grpc-js alone.
import { startPair, type Pair, type Side } from "./pairs.ts";
import { against, benchOptions, printTable, roundRows, rowsOf } from "./report.ts";
import { interleave, ratio, typical, type Variant } from "./rounds.ts";

const specs = [0, 2048];
const widths = [1, 16, 64];
const sides: readonly Side[] = ["bare", "outboard"];
/** The aim is set for 16 in flight. */
const aim = { width: 16, atMost: 1.3 };

const options = benchOptions();
const pairs = new Map<Side, Pair>();
for (const side of sides) pairs.set(side, await startPair(side));
const nameOf = (side: Side, specBytes: number, inFlight: number) => `${side} spec=${specBytes} inFlight=${inFlight}`;
const variants = (milliseconds: number): readonly Variant[] =>
  specs.flatMap((specBytes) =>
    widths.flatMap((inFlight) =>
      [...pairs].map(([side, pair]) => ({
        name: nameOf(side, specBytes, inFlight),
        measure: () => pair.run({ store: { secrets: 1, specBytes }, reads: 1, inFlight, milliseconds }),
      })),
    ),
  );

const write = rowsOf("calls", options);
// Not measured: the engine compiles what runs hot.
await interleave(1, variants(options.quick ? 20 : 1_000), () => undefined);
const rounds = await interleave(options.rounds, variants(options.quick ? 100 : 1_500), roundRows(write));
await Promise.all([...pairs.values()].map((pair) => pair.stop()));

printTable(
  `CPU per call, client and server together, in microseconds (medians of ${options.rounds} rounds)`,
  ["spec", "in flight", "grpc-js", "outboard", "client", "server", "ratio"],
  specs.flatMap((specBytes) =>
    widths.map((inFlight) => {
      const [bare, ours] = [nameOf("bare", specBytes, inFlight), nameOf("outboard", specBytes, inFlight)];
      const figure = (variant: string, name: string) => typical(rounds, variant, name).toFixed(0);
      const times = ratio(rounds, "microseconds", [ours, bare]);
      const change = (name: string) => `${figure(bare, name)} -> ${figure(ours, name)}`;
      return [
        `${specBytes} B`,
        `${inFlight}`,
        figure(bare, "microseconds"),
        figure(ours, "microseconds"),
        change("clientMicroseconds"),
        change("serverMicroseconds"),
        inFlight === aim.width ? against(times, aim) : times.toFixed(2),
      ];
    }),
  ),
);
