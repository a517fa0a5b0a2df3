import { setTimeout as sleep } from "node:timers/promises";
import { escapeControl } from "../api/escape.ts";
import { logCrashes } from "../process/crashes.ts";
import { createLogger } from "../process/logs.ts";
import { createBoard, rowId } from "./board.ts";
import type { Board } from "./board.ts";
import { BundleError, readBundleManifest } from "./bundle-manifest.ts";
import { createLocalCluster } from "./cluster/local-cluster.ts";
import type { LocalCluster } from "./cluster/local-cluster.ts";
import { loadSchemas } from "./cluster/schemas.ts";
import { installation } from "./installation.ts";
import { createManifestSource } from "./manifest-source.ts";
import type { ManifestSource } from "./manifest-source.ts";
import { startOperator } from "./operator.ts";
import type { Operator } from "./operator.ts";
import { createWriteOut, outputOf } from "./outputs/write-out.ts";
import type { WriteOut } from "./outputs/write-out.ts";
import { FailureNews } from "./failure-news.ts";
import { failure, summary } from "./report.ts";
import { createReporter } from "./reporter.ts";
import type { ProgressStream, Reporter } from "./reporter.ts";
import { createRunKeys } from "./run-keys.ts";
import type { RunKeys } from "./run-keys.ts";
import { Settling } from "./settled.ts";
import type { LocalSettings } from "./settings.ts";
import { watchFiles } from "./watch-files.ts";

/** Milliseconds between two looks at what changed. */
const tick = 50;

/** Milliseconds between two times that --watch writes out. */
const outputInterval = 500;

/** Milliseconds between two times that --watch tries again what could not be written out. */
const outputRetry = 2_000;

/** What a run touches outside of it. */
export interface LocalIo {
  /** Takes what was asked for, and nothing else. */
  readonly stdout: { write(text: string): unknown };
  /** Takes progress, failures and the log. */
  readonly stderr: ProgressStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

/** The parts of a run. */
interface Run {
  readonly settings: LocalSettings;
  readonly io: LocalIo;
  readonly reporter: Reporter;
  readonly cluster: LocalCluster;
  readonly manifests: ManifestSource;
  readonly board: Board;
  readonly writeOut: WriteOut;
  readonly operator: Operator;
}

/** `outboard local`. Returns the exit code: 0 when all is Ready and written out, 1 otherwise. */
export async function runLocal(settings: LocalSettings, io: LocalIo): Promise<number> {
  const reporter = createReporter(io.stderr, { withFailed: !settings.watch });
  const keys = await createRunKeys(io.now());
  const remove = () => keys.remove();
  process.once("exit", remove);
  try {
    return await runWith(settings, io, { reporter, keys });
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    reporter.print(escapeControl(error.message));
    return 1;
  } finally {
    remove();
    process.off("exit", remove);
  }
}

async function runWith(
  settings: LocalSettings,
  io: LocalIo,
  { reporter, keys }: { readonly reporter: Reporter; readonly keys: RunKeys },
): Promise<number> {
  const { crds, bundles } = installation();
  const manifest = await readBundleManifest(settings.bundleDir ?? bundles);
  if (settings.bundleDir !== undefined) {
    reporter.print(escapeControl(`providers come from ${manifest.folder}: its providers.json is trusted`));
  }
  const print = (text: string) => reporter.print(text);
  const schemas = await loadSchemas(crds);
  const cluster = createLocalCluster({ schemas, now: io.now });
  const manifests = createManifestSource({ paths: settings.files, schemas, cluster, print });
  await manifests.load();
  const logger = createLogger({
    name: "outboard",
    level: settings.logLevel,
    destination: { write: (text) => print(text.trimEnd()) },
  });
  logCrashes(logger);
  const onLine = (provider: string, line: string) => {
    // The adapter's own lines are JSON and filtered by level already; anything else is what it did not mean to say.
    if (line.startsWith("{")) print(escapeControl(line));
    else logger.warn({ provider }, escapeControl(line));
  };
  const { environment, now, signal } = io;
  const operator = await startOperator({ cluster, manifest, keys, settings, environment, logger, onLine, now, signal });
  const board = createBoard(cluster);
  const writeOut = createWriteOut({ output: outputOf(settings, io.stdout), cluster, print });
  const run: Run = { settings, io, reporter, cluster, manifests, board, writeOut, operator };
  try {
    await (settings.watch ? follow(run) : once(run));
    return await finish(run);
  } finally {
    board.close();
    await operator.stop();
  }
}

/** Until nothing is worth waiting for, or the time is over. */
async function once({ settings, io, reporter, board, operator }: Run): Promise<void> {
  const settling = new Settling();
  const over = performance.now() + settings.timeout;
  while (!io.signal.aborted && performance.now() < over) {
    const looking = performance.now();
    if (board.refresh()) reporter.progress(board.rows());
    if (settling.settled(board.rows(), operator.pending())) return;
    await pause(io.signal, performance.now() - looking);
  }
}

/** Until the process is asked to end. */
async function follow({ settings, io, reporter, cluster, manifests, board, writeOut, operator }: Run): Promise<void> {
  const failures = new FailureNews();
  let isDirty = true;
  let writtenAt = 0;
  const unwatch = cluster.watch(({ kind }) => (isDirty ||= kind === "Secret"));
  const endWatch = watchFiles(settings.files, () => void manifests.load().then(() => operator.startProviders()));
  try {
    while (!io.signal.aborted) {
      const looking = performance.now();
      if (board.refresh()) reporter.progress(board.rows());
      for (const text of failures.next(board.rows(), operator.pending())) reporter.print(text);
      const lookTook = performance.now() - looking;
      // What could not be written is tried again: it may be mended without any Secret changing.
      const interval = isDirty ? outputInterval : outputRetry;
      if ((isDirty || !writeOut.isClean()) && performance.now() - writtenAt >= interval) {
        isDirty = false;
        writtenAt = performance.now();
        await writeOut.write();
      }
      await pause(io.signal, lookTook);
    }
  } finally {
    endWatch();
    unwatch();
  }
}

/** Writes out, says what is not Ready and why, and gives the exit code. */
async function finish({ reporter, manifests, board, writeOut, operator }: Run): Promise<number> {
  board.refresh();
  const rows = board.rows();
  reporter.progress(rows);
  reporter.end();
  await writeOut.write();
  const codes = new Map(operator.pending().map((item) => [rowId(item), item.error?.code]));
  const failed = rows.filter(({ state }) => state !== "ready");
  for (const row of failed) reporter.print(failure(row, codes.get(rowId(row))));
  const asides = [
    ...(manifests.isClean() ? [] : ["not all manifests are good"]),
    ...(writeOut.isClean() ? [] : ["not everything could be written out"]),
  ];
  reporter.print([summary(rows), ...asides].join("; "));
  return failed.length === 0 && asides.length === 0 ? 0 : 1;
}

/** A look takes longer the more objects there are: all looks together get a tenth of the time at most. */
async function pause(signal: AbortSignal, lookTook: number): Promise<void> {
  await sleep(Math.max(tick, 9 * lookTook), undefined, { signal }).catch(() => undefined);
}
