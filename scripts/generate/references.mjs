// Which places of each provider's spec refer to Kubernetes, as data that core ships.
import { referencesOf } from "../../src/api/references.ts";

/** `{ path, text }` of core's table. */
export function referencesFile(specs) {
  const rows = specs.map(({ key, schema }) => {
    const references = referencesOf(schema).map((reference) => `      ${JSON.stringify(reference)},\n`);
    return `  [\n    ${JSON.stringify(key)},\n    [\n${references.join("")}    ],\n  ],\n`;
  });
  return { path: "src/core/credentials/gen/references.ts", text: head + rows.join("") + "]);\n" };
}

const head = `// Made by scripts/generate.mjs from the providers' spec.ts; do not edit.
import type { Reference } from "../../../api/references.ts";

/** Key under \`spec.provider\` to the places of its spec that refer to Kubernetes. */
export const references: ReadonlyMap<string, readonly Reference[]> = new Map<string, readonly Reference[]>([
`;
