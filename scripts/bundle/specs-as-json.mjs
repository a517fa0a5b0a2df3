import { pathToFileURL } from "node:url";

/**
 * An esbuild plugin that evaluates the modules `paths` (spec.ts files) at build time and bundles what they are, JSON,
 * in their place: the library that they are written with weighs more than adapter, host and provider together.
 */
export function specsAsJson(paths) {
  return {
    name: "specs-as-json",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!paths.includes(path)) return undefined;
        const { spec } = await import(pathToFileURL(path));
        // As text: in a literal of JavaScript a field named __proto__ would be something else.
        return { contents: `export const spec = JSON.parse(${JSON.stringify(JSON.stringify(spec))});`, loader: "js" };
      });
    },
  };
}
