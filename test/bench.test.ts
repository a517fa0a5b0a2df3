import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import tap, { test, type Test } from "tap";
import { apiServerMissing } from "./api-server.ts";
import { plainCommand } from "./plain-command.ts";
import { root } from "./test-bundles.ts";

tap.setTimeout(600_000);

interface Benchmark {
  readonly name: string;
  /** How many different things it measures. */
  readonly variants: number;
  /** What each row has, above zero. */
  readonly figure: string;
}

// What the figures are says nothing on a machine that runs tests: only that there are some.
test("the benchmarks run and keep their rows", (t) => {
  const printed = run(
    t,
    [],
    [
      { name: "calls", variants: 12, figure: "calls" },
      { name: "reads", variants: 3, figure: "calls" },
      { name: "start", variants: 2, figure: "mebibytes" },
      { name: "local", variants: 1, figure: "readyPerSecond" },
    ],
  );
  t.equal(printed.match(/\(medians of 1 rounds\)/g)?.length, 4, "each prints its table");
  t.end();
});

test("so do those in a cluster", { skip: apiServerMissing() }, (t) => {
  const printed = run(
    t,
    ["cluster"],
    [
      { name: "cluster-new", variants: 2, figure: "readyPerSecond" },
      { name: "cluster-refresh", variants: 3, figure: "" },
      { name: "cluster-together", variants: 2, figure: "readyPerSecond" },
    ],
  );
  for (const title of ["New ExternalSecrets", "refreshed every 10 s", "killed and back", "that are not core's"]) {
    t.match(printed, title);
  }
  t.end();
});

/** Runs benchmarks as quickly as they can be; what they print. */
function run(t: Test, named: readonly string[], benchmarks: readonly Benchmark[]): string {
  const results = t.testdir();
  const args = [join(root, "scripts", "bench.mjs"), ...named, "--quick", "--no-build", "--results", results];
  const [program, all] = plainCommand(process.execPath, args);
  const { status, stdout, stderr } = spawnSync(program, all, { encoding: "utf8" });
  t.equal(status, 0, stderr);
  for (const { name, variants, figure } of benchmarks) {
    const lines = readFileSync(join(results, `${name}.jsonl`), "utf8")
      .trimEnd()
      .split("\n");
    const [machine, ...written] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const rows = written.filter((row) => "variant" in row);
    t.match(machine, { bench: name, quick: true, node: process.version });
    t.equal(new Set(rows.map(({ variant }) => variant)).size, variants, `${name}: each variant has its row`);
    t.ok(
      rows.every((row) => figure === "" || Number(row[figure]) > 0),
      `${name}: each row has its figure`,
    );
  }
  return stdout;
}
