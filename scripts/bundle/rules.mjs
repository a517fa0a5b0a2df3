// What a bundle may hold. Checked against esbuild's metafile, so that a stray import fails the build.

/** npm packages that the adapter and the host bring into every provider's bundle; each provider.yaml names only its own. */
export const adapterPackages = [
  "@bufbuild/protobuf", // ts-proto's encoder and decoder
  "@grpc/grpc-js", // the server
  "@js-sdsl/ordered-map", // grpc-js
  "@opentelemetry/api", // prom-client
  "@pinojs/redact", // pino
  "atomic-sleep", // pino
  "bintrees", // prom-client
  "on-exit-leak-free", // pino
  "pino", // logs
  "pino-std-serializers", // pino
  "prom-client", // metrics
  "quick-format-unescaped", // pino
  "re2js", // regular expressions that users write
  "safe-stable-stringify", // pino
  "sonic-boom", // pino
  "tdigest", // prom-client
  "thread-stream", // pino
];

/** npm packages that core's bundle may hold. */
export const corePackages = [
  ...adapterPackages,
  "@kubernetes/client-node", // kubeconfigs
  "@peculiar/asn1-asym-key", // certificates
  "@peculiar/asn1-cms",
  "@peculiar/asn1-csr",
  "@peculiar/asn1-ecc",
  "@peculiar/asn1-pfx",
  "@peculiar/asn1-pkcs8",
  "@peculiar/asn1-pkcs9",
  "@peculiar/asn1-rsa",
  "@peculiar/asn1-schema",
  "@peculiar/asn1-x509",
  "@peculiar/asn1-x509-attr",
  "@peculiar/asn1-x509-post-quantum",
  "@peculiar/utils",
  "@peculiar/x509",
  "asn1js",
  "pvtsutils",
  "pvutils",
  "reflect-metadata", // @peculiar/x509's decorators
  "tslib",
  "tsyringe",
  "typebox", // kinds
  "undici", // requests to the API server
  "yaml", // manifests and CRDs
];

/** Folders of src that a provider's bundle may hold beside src/providers/NAME. */
export const providerFolders = ["api", "sdk", "wire", "process", "host", "adapter"];

/** Folders of src that core's bundle may hold. */
export const coreFolders = ["api", "wire", "process", "cluster", "core", "certs", "local", "conformance", "cli"];

/** Folders of src that the all-in-one bundle may hold beside src/providers/NAME of each that was chosen. */
export const allInOneFolders = [...coreFolders, "host", "sdk"];

/** What is in a bundle that may not be there, one sentence each. `inputs` are the keys of the metafile's inputs. */
export function strayInputs(inputs, { folders, providers, packages }) {
  const faults = new Set();
  for (const input of inputs) {
    const source = /^src\/([^/]+)\/(?:([^/]+)\/)?/.exec(input);
    if (source) {
      const [, folder, second] = source;
      const own = folder === "providers" && providers.includes(second);
      if (!own && !folders.includes(folder)) faults.add(`${input}: src/${folder} may not be in this bundle`);
    }
    const npm = packageOf(input);
    if (npm && !packages.includes(npm))
      faults.add(`package ${npm} is named neither by provider.yaml nor by scripts/bundle/rules.mjs`);
  }
  return [...faults].sort();
}

/** npm packages of a bundle, sorted. */
export function packagesOf(inputs) {
  return [...new Set(inputs.map(packageOf).filter(Boolean))].sort();
}

function packageOf(input) {
  const match = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(input);
  return match?.[1];
}
