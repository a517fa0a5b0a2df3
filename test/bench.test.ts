import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { plainCommand } from "./plain-command.ts";
import { root } from "./test-bundles.ts";

// What the figures are says nothing on a machine that runs tests: only that there are some.
test("the benchmarks run and keep their rows", (t) => {
  const results = t.testdir();
  const args = [join(root, "scripts", "bench.mjs"), "--quick", "--no-build", "--results", results];
  const [program, all] = plainCommand(process.execPath, args);
  const { status, stdout, stderr } = spawnSync(program, all, { encoding: "utf8" });
  t.equal(status, 0, stderr);
  const benchmarks = [
    { name: "calls", variants: 12, figure: "calls" },
    { name: "reads", variants: 3, figure: "calls" },
    { name: "start", variants: 2, figure: "mebibytes" },
    { name: "local", variants: 1, figure: "readyPerSecond" },
  ];
  for (const { name, variants, figure } of benchmarks) {
    const lines = readFileSync(join(results, `${name}.jsonl`), "utf8")
      .trimEnd()
      .split("\n");
    const [machine, ...rows] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    t.match(machine, { bench: name, quick: true, node: process.version });
    t.equal(new Set(rows.map(({ variant }) => variant)).size, variants, `${name}: each variant has its row`);
    t.ok(
      rows.every((row) => Number(row[figure]) > 0),
      `${name}: each row has its figure`,
    );
  }
  t.equal(stdout.match(/\(medians of 1 rounds\)/g)?.length, 4, "each prints its table");
  t.end();
});
