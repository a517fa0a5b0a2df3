// One way to call esbuild for every bundle: the same input gives the same bytes, wherever and whenever it is built.
import { build } from "esbuild";
import { specsAsJson } from "./specs-as-json.mjs";

/**
 * Bundles `entry` (source text, resolved from `root`) into CommonJS; returns its bytes and metafile. Writes nothing.
 * `specs` are the paths of spec.ts files, which are bundled as JSON.
 */
export async function bundle(root, entry, specs = []) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: root, sourcefile: "entry.ts", loader: "ts" },
    absWorkingDir: root,
    // Names come from paths, which begin at `root` wherever node_modules really is.
    preserveSymlinks: true,
    bundle: true,
    write: false,
    outfile: "bundle.cjs",
    format: "cjs",
    platform: "node",
    target: "node24",
    minifySyntax: true,
    minifyWhitespace: true,
    // Identifiers stay: a crash's log holds names of functions and nothing else, and to keep them of short identifiers
    // (keepNames) costs a call for each closure that is ever made.
    minifyIdentifiers: false,
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    logLevel: "silent",
    plugins: [withoutProtoLoader, specsAsJson(specs)],
  });
  return { bytes: outputFiles[0].contents, metafile };
}

/** grpc-js loads protobufjs for channelz and ORCA, which nothing here serves: 140 KB that no bundle needs. */
const withoutProtoLoader = {
  name: "without-proto-loader",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@grpc\/proto-loader$/ }, () => ({ path: "@grpc/proto-loader", namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: "exports.loadSync = () => { throw new Error('channelz and ORCA are left out of this bundle'); };",
    }));
  },
};
