// Many ExternalSecrets through `outboard local --once`: how many are Ready in a second, and what core and provider take.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coreBundle } from "./pairs.ts";
import { childrenOf, cpuTime, memory } from "./processes.ts";
import { benchOptions, printTable, roundRows, rowsOf } from "./report.ts";
import { interleave, typical, type Figures } from "./rounds.ts";
import { benchStore, secretRef } from "./load/store.ts";

/** Milliseconds between two looks at the processes; what they do after the last one is missed. */
const interval = 20;

const options = benchOptions();
const sizes = options.quick ? [10] : [1_000, 10_000];
const folder = mkdtempSync(join(tmpdir(), "outboard-bench-"));
const variants = sizes.map((size) => {
  const file = join(folder, `${size}.json`);
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests(size) }));
  return { name: `${size} ExternalSecrets`, measure: () => runLocal(file, size) };
});
const rounds = await interleave(options.rounds, variants, roundRows(rowsOf("local", options)));
rmSync(folder, { recursive: true });

printTable(
  `outboard local --once (medians of ${options.rounds} rounds)`,
  ["", "s", "Ready/s", "core CPU s", "provider CPU s", "core peak MiB", "provider peak MiB"],
  variants.map(({ name }) => {
    const figure = (key: string, digits: number) => typical(rounds, name, key).toFixed(digits);
    return [
      name,
      figure("seconds", 2),
      figure("readyPerSecond", 0),
      figure("coreCpuSeconds", 2),
      figure("providerCpuSeconds", 2),
      figure("corePeakMebibytes", 0),
      figure("providerPeakMebibytes", 0),
    ];
  }),
);

async function runLocal(file: string, size: number): Promise<Figures> {
  const started = performance.now();
  const args = [coreBundle, "local", "-f", file, "--once", "--timeout", "10m"];
  const core = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  core.stderr.setEncoding("utf8").on("data", (chunk: string) => (said = (said + chunk).slice(-500)));
  const looked = { core: { cpu: 0, peak: 0 }, provider: { cpu: 0, peak: 0 } };
  const look = (side: keyof typeof looked, pid: number) => {
    try {
      looked[side] = { cpu: cpuTime(pid) / 1000, peak: memory(pid).peak || looked[side].peak };
    } catch {
      // It ended just now.
    }
  };
  const { pid = 0 } = core;
  const timer = setInterval(() => {
    look("core", pid);
    for (const child of childrenIfAny(pid)) look("provider", child);
  }, interval);
  const code = await new Promise((resolve) => core.once("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(`outboard local ended with ${String(code)}: ${said}`);
  const seconds = (performance.now() - started) / 1000;
  return {
    seconds,
    readyPerSecond: size / seconds,
    coreCpuSeconds: looked.core.cpu,
    providerCpuSeconds: looked.provider.cpu,
    corePeakMebibytes: looked.core.peak,
    providerPeakMebibytes: looked.provider.peak,
  };
}

function childrenIfAny(pid: number): readonly number[] {
  try {
    return childrenOf(pid);
  } catch {
    return [];
  }
}

/** One store with one secret, and so many ExternalSecrets that read it. */
function manifests(size: number): readonly object[] {
  const { apiVersion, kind, namespace, name, spec } = benchStore({ secrets: 1, specBytes: 0 });
  const externalSecret = (index: number) => ({
    apiVersion,
    kind: "ExternalSecret",
    metadata: { name: `secret-${index}`, namespace },
    spec: {
      refreshInterval: "1h",
      secretStoreRef: { kind, name },
      data: [{ secretKey: "password", remoteRef: secretRef(0) }],
    },
  });
  return [
    { apiVersion, kind, metadata: { name, namespace }, spec },
    ...Array.from({ length: size }, (_, index) => externalSecret(index)),
  ];
}
