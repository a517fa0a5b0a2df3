import { coreSettings } from "../core/settings.ts";
import { logLevels } from "../process/logs.ts";
import { UsageError } from "../process/settings.ts";
import type { SettingTable, SettingValues } from "../process/settings.ts";

/** Flags of `outboard local`: its own, then core's. */
export const localSettings = {
  files: {
    flag: "--file",
    short: "-f",
    type: "strings",
    required: true,
    doc: "A manifest (YAML or JSON) or a folder of them; may be repeated.",
  },
  out: { flag: "--out", type: "string", doc: "Write Secrets to this folder, as NAMESPACE/SECRET/KEY." },
  envFile: { flag: "--env-file", type: "string", doc: "Write the keys of all Secrets to this file, as KEY=value." },
  stdout: { flag: "--stdout", type: "boolean", doc: "Print Secrets, values included, as manifests." },
  once: {
    flag: "--once",
    type: "boolean",
    doc: "End when everything is Ready or has failed. What happens by default.",
  },
  watch: { flag: "--watch", type: "boolean", doc: "Go on: refresh, and read manifests again when they change." },
  timeout: {
    flag: "--timeout",
    type: "duration",
    default: "60s",
    doc: "With --once: how long to wait for what is not Ready.",
  },
  bundleDir: {
    flag: "--bundle-dir",
    type: "string",
    doc: "Run providers of this folder; what its providers.json says is trusted. By default those built with Outboard.",
  },
  logLevel: {
    flag: "--log-level",
    type: "string",
    choices: logLevels,
    default: "error",
    doc: "Least level that is logged, by core and providers.",
  },
  ...coreSettings,
} as const satisfies SettingTable;

/** What {@link localSettings} parse to. */
export type LocalSettings = SettingValues<typeof localSettings>;

/** Throws UsageError for flags that exclude each other. */
export function checkLocalSettings(settings: LocalSettings): void {
  const outputs = [
    settings.out !== undefined && "--out",
    settings.envFile !== undefined && "--env-file",
    settings.stdout && "--stdout",
  ].filter((flag) => flag !== false);
  if (outputs.length > 1) throw new UsageError(`${outputs.join(" and ")} exclude each other: keep one`);
  if (settings.once && settings.watch) throw new UsageError("--once and --watch exclude each other: keep one");
}
