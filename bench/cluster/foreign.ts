// What Secrets of others cost core in memory, though it never reads their data.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { coreCommand, install } from "../../test/core-process.ts";
import { against, benchOptions, printTable, rowsOf } from "../report.ts";

const options = benchOptions();
const write = rowsOf("cluster-foreign", options);
const count = options.quick ? 20 : 3_000;
const kibibytes = 32;
const mebibyte = 1024 * 1024;
/** How long core gets to hear of everything, milliseconds. */
const settle = 5_000;

const space = "others";
const world = await install("base", [space]);
await world.applyCrds();
const { child, lines } = await startCore();
await sleep(settle);
const before = await held();
await makeSecrets();
await sleep(settle);
const after = await held();
child.kill("SIGTERM");
await once(child, "close");
await world.stop();
const growth = (after - before) / mebibyte;
write({ count, kibibytes, before, after });
printTable(
  `${count} Secrets of ${kibibytes} KiB that are not core's, as client-side kubectl apply makes them`,
  ["held before, MiB", "growth of heap and external memory, MiB"],
  [[(before / mebibyte).toFixed(1), against(growth, { atMost: 10 })]],
);

async function startCore(): Promise<{ readonly child: ChildProcess; readonly lines: Interface }> {
  const [program, ...rest] = await coreCommand(world, []);
  const script = join(import.meta.dirname, "collect-garbage.cjs");
  const started = spawn(program, ["--expose-gc", `--require=${script}`, `--allow-fs-read=${script}`, ...rest], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  process.once("exit", () => started.kill("SIGKILL"));
  const output = createInterface({ input: started.stderr });
  for await (const line of output) if (line.includes('"msg":"the Lease is held"')) break;
  return { child: started, lines: createInterface({ input: started.stderr }) };
}

/** Bytes that core holds after a forced collection. */
async function held(): Promise<number> {
  child.kill("SIGUSR2");
  for (;;) {
    const [line] = (await once(lines, "line")) as [string];
    if (line.startsWith('{"held":')) return (JSON.parse(line) as { readonly held: number }).held;
  }
}

/** As kubectl does it: what was applied stands in an annotation once more. */
async function makeSecrets(): Promise<void> {
  const queue = Array.from({ length: count }, (_, index) => index).values();
  const worker = async () => {
    for (const index of queue) {
      const data = { value: Buffer.alloc(kibibytes * 1024, index % 256).toString("base64") };
      const metadata = { name: `foreign-${index}`, namespace: space };
      const applied = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, data });
      const annotations = { "kubectl.kubernetes.io/last-applied-configuration": applied };
      const { status } = await world.api.request("POST", `/api/v1/namespaces/${space}/secrets`, {
        metadata: { ...metadata, annotations },
        data,
      });
      if (status !== 201) throw new Error(`${metadata.name}: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
