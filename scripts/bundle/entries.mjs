// Entries of bundles: made in memory, with what provider.yaml names linked in. Nothing is found by name at run time.
import { join } from "node:path";

/** A provider's process: the adapter over its definition. */
export function providerEntry(folder, description, version) {
  const { imports, definition } = linked(folder, description, version, "provider");
  return ['import { main } from "./src/adapter/main.ts";', ...imports, `main(${definition});`].join("\n");
}

/** The paths of a provider's spec.ts files. */
export function specPaths(folder, { stores }) {
  return stores.map(({ spec }) => join(folder, spec));
}

/** The command line with providers in its own process: they fill core's `providerFor`, surrounded by host. */
export function allInOneEntry(providers, version) {
  const parts = providers.map(({ folder, description }, index) => linked(folder, description, version, `p${index}_`));
  const keys = providers.flatMap(({ description }, index) =>
    description.stores.map(({ key }) => `[${JSON.stringify(key)}, hosts[${index}](${JSON.stringify(key)})]`),
  );
  return [
    'import { outboard } from "./src/cli/outboard.ts";',
    'import { inProcess } from "./src/host/in-process.ts";',
    ...parts.flatMap(({ imports }) => imports),
    `const hosts = [${parts.map(({ definition }) => `inProcess(${definition})`).join(", ")}];`,
    `outboard(new Map([${keys.join(", ")}]));`,
  ].join("\n");
}

/** Imports of a provider's modules, and its ProviderDefinition as an expression over them. */
function linked(folder, { name, displayName, stores }, version, prefix) {
  const path = (module) => JSON.stringify(join(folder, module));
  const imports = stores.flatMap(({ module, provider, spec }, index) => [
    `import { ${provider} as ${prefix}${index} } from ${path(module)};`,
    `import { spec as ${prefix}spec${index} } from ${path(spec)};`,
  ]);
  const members = stores.map(({ key, kind }, index) => {
    const config = kind ? `, kind: ${JSON.stringify(kind)}` : "";
    return `{ key: ${JSON.stringify(key)}, provider: ${prefix}${index}, spec: ${prefix}spec${index}${config} }`;
  });
  const named = [name, displayName, version].map((text) => JSON.stringify(text));
  return {
    imports,
    definition: `{ name: ${named[0]}, displayName: ${named[1]}, version: ${named[2]}, stores: [${members.join(", ")}] }`,
  };
}
