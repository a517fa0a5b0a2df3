import { parseDuration } from "../api/duration.ts";
import { escapeControl } from "../api/escape.ts";

/** What every kind of setting says of itself. */
interface SettingBase {
  /** Long form, "--metrics-port". */
  readonly flag: `--${string}`;
  /** One letter, "-f". */
  readonly short?: `-${string}`;
  /** Must be given: there is no default. */
  readonly required?: true;
  /** One line for the help text and the settings page. */
  readonly doc: string;
}

/**
 * One flag. A `duration` is given in Go's syntax and parsed to milliseconds; `strings` may be repeated; a `boolean`
 * without a value is true. Only a string may have `choices`, only an integer `min` and `max`.
 */
export type Setting = SettingBase &
  (
    | { readonly type: "string"; readonly default?: string; readonly choices?: readonly string[] }
    | { readonly type: "integer"; readonly default?: number; readonly min?: number; readonly max?: number }
    | { readonly type: "boolean"; readonly default?: boolean }
    | { readonly type: "duration"; readonly default?: string }
    | { readonly type: "strings"; readonly default?: readonly string[] }
  );

/** All flags of a process, by the name its code uses. */
export type SettingTable = Readonly<Record<string, Setting>>;

type Parsed<S extends Setting> = S extends { type: "integer" | "duration" }
  ? number
  : S extends { type: "boolean" }
    ? boolean
    : S extends { type: "strings" }
      ? readonly string[]
      : S extends { choices: readonly (infer Choice)[] }
        ? Choice
        : string;

type Present<S extends Setting> = S extends { default: unknown } | { required: true } | { type: "boolean" | "strings" }
  ? Parsed<S>
  : Parsed<S> | undefined;

/** What {@link parseSettings} makes of a table: booleans default to false, strings to none, the rest may be undefined. */
export type SettingValues<T extends SettingTable> = { readonly [Name in keyof T]: Present<T[Name]> };

/** The command line is wrong; the message names the flag and how to mend it. Processes exit with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

type Value = string | number | boolean | readonly string[];

/** Values of `table` out of `argv` (without node and script): `--flag value`, `--flag=value`. Throws UsageError. */
export function parseSettings<const T extends SettingTable>(table: T, argv: readonly string[]): SettingValues<T> {
  const given = collect(table, argv);
  const values: Record<string, Value | undefined> = {};
  for (const [name, setting] of Object.entries<Setting>(table)) {
    const texts = given.get(name);
    if (texts === undefined && setting.required) throw new UsageError(`${setting.flag} is required: ${setting.doc}`);
    values[name] = texts === undefined ? defaultOf(setting) : valueOf(setting, texts);
  }
  return values as SettingValues<T>;
}

/** Whether `argv` asks for help. */
export function wantsHelp(argv: readonly string[]): boolean {
  return argv.includes("--help") || argv.includes("-h");
}

/** The help text: `usage`, then each flag with its type, default and meaning. */
export function helpText(usage: string, table: SettingTable): string {
  const rows = Object.values(table).map((setting) => [`  ${flagColumn(setting)}`, docColumn(setting)] as const);
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2;
  return `${usage}\n\nFlags:\n${rows.map(([flag, doc]) => flag.padEnd(width) + doc).join("\n")}\n`;
}

function collect(table: SettingTable, argv: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const given = new Map<string, string[]>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    const equals = argument.startsWith("--") ? argument.indexOf("=") : -1;
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const [name, setting] = lookUp(table, flag);
    let text = equals < 0 ? undefined : argument.slice(equals + 1);
    if (text === undefined && setting.type === "boolean") text = "true";
    if (text === undefined) text = argv[++index];
    if (text === undefined) throw new UsageError(`${setting.flag} needs a value: ${setting.flag} ${setting.type}`);
    const texts = given.get(name) ?? [];
    if (texts.length > 0 && setting.type !== "strings")
      throw new UsageError(`${setting.flag} is given twice: keep one`);
    given.set(name, [...texts, text]);
  }
  return given;
}

function lookUp(table: SettingTable, flag: string): readonly [string, Setting] {
  const entry = Object.entries(table).find(([, { flag: long, short }]) => flag === long || flag === short);
  if (entry !== undefined) return entry;
  const shown = escapeControl(flag);
  throw new UsageError(
    flag.startsWith("-")
      ? `unknown flag ${shown}: --help lists them`
      : `unexpected argument ${shown}: values follow a flag`,
  );
}

function valueOf(setting: Setting, texts: readonly string[]): Value {
  if (setting.type === "strings") return texts;
  const [text = ""] = texts;
  const { value, expected } = scalar(setting, text);
  if (value !== undefined) return value;
  throw new UsageError(`${setting.flag} is ${escapeControl(text)}: it must be ${expected}`);
}

type Scalar = Exclude<Setting, { type: "strings" }>;

function scalar(setting: Scalar, text: string): { readonly value: Value | undefined; readonly expected: string } {
  switch (setting.type) {
    case "boolean":
      return { value: booleans.get(text), expected: "true or false" };
    case "duration":
      return { value: duration(text), expected: 'a duration such as "30s" or "1h30m"' };
    case "integer": {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting;
      const number = /^\d+$/.test(text) ? Number(text) : -1;
      const value = number >= min && number <= max ? number : undefined;
      return { value, expected: `a whole number from ${min} to ${max}` };
    }
    default: {
      const { choices = [text] } = setting;
      return { value: choices.includes(text) ? text : undefined, expected: `one of ${choices.join(", ")}` };
    }
  }
}

function defaultOf(setting: Setting): Value | undefined {
  if (setting.type === "boolean") return setting.default ?? false;
  if (setting.type === "strings") return setting.default ?? [];
  if (setting.type === "duration" && setting.default !== undefined) return valueOf(setting, [setting.default]);
  return setting.default;
}

function flagColumn({ flag, short, type }: Setting): string {
  const names = short === undefined ? flag : `${short}, ${flag}`;
  return type === "boolean" ? names : `${names} ${type === "strings" ? "string..." : type}`;
}

function docColumn(setting: Setting): string {
  const choices = setting.type === "string" && setting.choices ? ` One of ${setting.choices.join(", ")}.` : "";
  const given = setting.default;
  const shown = given === undefined || typeof given === "boolean" ? "" : ` (default ${String(given)})`;
  return `${setting.doc}${choices}${setting.required ? " (required)" : shown}`;
}

/** Whole milliseconds; undefined for what is no duration, and for negative ones, which flags have no use for. */
function duration(text: string): number | undefined {
  try {
    const milliseconds = Math.round(parseDuration(text));
    return milliseconds < 0 ? undefined : milliseconds;
  } catch {
    return undefined;
  }
}
