// Which keys are not maintained or deprecated, as data that core ships.

/** `{ path, text }` of core's table. */
export function maintenanceFile(specs) {
  const rows = specs
    .filter(({ maintenance }) => maintenance !== "Maintained")
    .map(({ key, maintenance }) => `  [${JSON.stringify(key)}, ${JSON.stringify(maintenance)}],\n`);
  return { path: "src/core/gen/maintenance.ts", text: `${head}\n${rows.join("")}]);\n` };
}

const head = `// Made by scripts/generate.mjs from the providers' provider.yaml; do not edit.

/** Keys under \`spec.provider\` whose providers are not maintained any more (ESO's maintenance status). */
export const maintenance: ReadonlyMap<string, "NotMaintained" | "Deprecated"> = new Map([`;
