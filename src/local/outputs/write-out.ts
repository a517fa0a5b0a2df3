import type { LocalCluster } from "../cluster/local-cluster.ts";
import { problemLine } from "../report.ts";
import { createEnvFile } from "./env-file.ts";
import { createOutDir } from "./out-dir.ts";
import { secretName } from "./output.ts";
import type { Output } from "./output.ts";
import { createStdout } from "./stdout.ts";

/** The label of Secrets that core writes (ESO's). */
const managedLabel = "reconcile.external-secrets.io/managed";

/** Writes the Secrets of a run out. */
export interface WriteOut {
  /** Writes what core made so far. What cannot be written is told, unless it was the last time too. */
  write(): Promise<void>;
  /** Whether everything could be written the last time. */
  isClean(): boolean;
}

/** What {@link createWriteOut} needs. */
export interface WriteOutOptions {
  readonly output: Output | undefined;
  readonly cluster: LocalCluster;
  /** Takes whole lines, escaped. */
  readonly print: (text: string) => void;
}

/** The Secrets of a cluster that core wrote, to an output; without one nothing is written. */
export function createWriteOut({ output, cluster, print }: WriteOutOptions): WriteOut {
  let told = "";
  return {
    write: async () => {
      const { secrets } = cluster.snapshot();
      const managed = secrets
        .filter(({ metadata }) => metadata.labels[managedLabel] === "true")
        .sort((a, b) => (secretName(a) < secretName(b) ? -1 : 1));
      const problems = (await output?.write(managed)) ?? [];
      const text = problems.map(problemLine).join("\n");
      if (text !== "" && text !== told) print(text);
      told = text;
    },
    isClean: () => told === "",
  };
}

/** The output that was asked for; undefined: none, and so no value leaves the run. */
export function outputOf(
  settings: { readonly out: string | undefined; readonly envFile: string | undefined; readonly stdout: boolean },
  stdout: { write(text: string): unknown },
): Output | undefined {
  if (settings.out !== undefined) return createOutDir(settings.out);
  if (settings.envFile !== undefined) return createEnvFile(settings.envFile);
  return settings.stdout ? createStdout(stdout) : undefined;
}
