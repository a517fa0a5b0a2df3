// The settings page, from the tables that the processes parse their arguments by.
import { adapterSettings } from "../../src/adapter/settings.ts";
import { certsSettings } from "../../src/certs/process/settings.ts";
import { explainSettings } from "../../src/core/explain/settings.ts";
import { processSettings } from "../../src/core/process/settings.ts";
import { localSettings } from "../../src/local/settings.ts";

/** `{ path, text }` of docs/settings.md. */
export function settingsFile() {
  const sections = [
    section("Providers", "Flags of every provider bundle.", adapterSettings),
    section("Core", "Flags of `outboard core`; ESO's names where ESO has them.", processSettings),
    section("Certificates", "Flags of `outboard certs`.", certsSettings),
    section("Explain", "Flags of `outboard explain externalsecret NAME`.", explainSettings),
    section("Local mode", "Flags of `outboard local`.", localSettings),
  ];
  return { path: "docs/settings.md", text: `# Settings\n\n${note}\n\n${sections.join("\n")}` };
}

const note = `Made by \`scripts/generate.mjs\` from the settings tables; do not edit. A flag is given as \`--flag value\` or
\`--flag=value\`; durations have Go's syntax (\`1h30m\`); a list is given by repeating its flag.`;

function section(title, intro, table) {
  const rows = Object.values(table).map(
    (setting) => `| ${flag(setting)} | ${type(setting)} | ${fallback(setting)} | ${cell(setting.doc)} |\n`,
  );
  return `## ${title}\n\n${intro}\n\n| Flag | Type | Default | What it does |\n| --- | --- | --- | --- |\n${rows.join("")}`;
}

function flag({ flag: long, short }) {
  return short ? `\`${long}\`, \`${short}\`` : `\`${long}\``;
}

function type({ type: name, choices, min, max }) {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(", ");
  if (min !== undefined && max !== undefined) return `${name}, ${min} to ${max}`;
  if (min !== undefined) return `${name}, at least ${min}`;
  return max === undefined ? name : `${name}, at most ${max}`;
}

function fallback({ required, default: value }) {
  if (required) return "required";
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return "";
  return `\`${cell(Array.isArray(value) ? value.join(" ") : String(value))}\``;
}

function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
