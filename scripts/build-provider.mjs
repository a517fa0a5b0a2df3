#!/usr/bin/env node
// Builds providers, and core, into standalone bundles: node scripts/build-provider.mjs NAME... | --all [--out DIR]
// With --all-in-one NAME,...: core with these providers in its own process, into DIR/all-in-one/outboard.cjs.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { allInOneEntry, providerEntry, specPaths } from "./bundle/entries.mjs";
import { bundle } from "./bundle/esbuild.mjs";
import { writeManifest } from "./bundle/manifest.mjs";
import { ProviderYamlError, readProviderYaml } from "./bundle/provider-yaml.mjs";
import {
  adapterPackages,
  allInOneFolders,
  coreFolders,
  corePackages,
  packagesOf,
  providerFolders,
  strayInputs,
} from "./bundle/rules.mjs";
import { root } from "./setup.mjs";

class BuildError extends Error {}

const usage = "usage: node scripts/build-provider.mjs NAME... | --all | --all-in-one NAME,... [--out DIR]";

const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

try {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: "boolean" },
      out: { type: "string" },
      providers: { type: "string" },
      "all-in-one": { type: "string" },
    },
    allowPositionals: true,
  });
  const folder = resolve(values.providers ?? join(root, "src", "providers"));
  const dist = resolve(values.out ?? join(root, "dist"));
  const names = values.all ? readdirSync(folder).sort() : positionals;
  const together = values["all-in-one"]?.split(",");
  if (names.length === 0 && together === undefined) throw new BuildError(usage);
  const entries = [];
  for (const name of names) entries.push(await buildProvider(join(folder, name), name, dist));
  if (entries.length > 0) writeManifest(dist, entries);
  if (values.all) await buildCore(dist);
  if (together !== undefined) await buildAllInOne(folder, together, dist);
} catch (error) {
  const isUsage = error.code?.startsWith("ERR_PARSE_ARGS");
  if (!(error instanceof BuildError || error instanceof ProviderYamlError || isUsage)) {
    if (!Array.isArray(error.errors)) throw error;
    // esbuild's own: each has a file, a line and a text.
    for (const { location, text } of error.errors)
      console.error(`${location?.file ?? "entry"}:${location?.line ?? 0}: ${text}`);
    process.exit(1);
  }
  console.error(error.message);
  process.exit(1);
}

async function buildProvider(folder, name, dist) {
  const started = performance.now();
  const description = readProviderYaml(root, folder);
  const { bytes, metafile } = await bundle(
    root,
    providerEntry(folder, description, version),
    specPaths(folder, description),
  );
  const inputs = Object.keys(metafile.inputs);
  check(name, inputs, {
    folders: providerFolders,
    providers: [name],
    packages: [...adapterPackages, ...description.packages],
  });
  const unused = description.packages.filter((named) => !packagesOf(inputs).includes(named));
  if (unused.length > 0) {
    throw new BuildError(`${name}: provider.yaml names packages that the bundle does not hold: ${unused.join(", ")}`);
  }
  const file = `providers/${name}/provider.cjs`;
  write(dist, file, bytes, metafile);
  report(name, bytes, inputs, started);
  return {
    name,
    displayName: description.displayName,
    keys: description.stores.map(({ key }) => key),
    file,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    bytes: bytes.length,
  };
}

async function buildCore(dist) {
  const started = performance.now();
  const { bytes, metafile } = await bundle(root, 'import "./src/cli/main.ts";');
  const inputs = Object.keys(metafile.inputs);
  check("core", inputs, { folders: coreFolders, providers: [], packages: corePackages });
  write(dist, "core/outboard.cjs", bytes, metafile);
  // Local mode validates manifests by the same files that the API server gets.
  rmSync(join(dist, "core", "crds"), { recursive: true, force: true });
  cpSync(join(root, "deploy", "crds"), join(dist, "core", "crds"), { recursive: true });
  report("core", bytes, inputs, started);
}

async function buildAllInOne(folder, names, dist) {
  const started = performance.now();
  const providers = names.map((name) => ({
    folder: join(folder, name),
    description: readProviderYaml(root, join(folder, name)),
  }));
  const { bytes, metafile } = await bundle(
    root,
    allInOneEntry(providers, version),
    providers.flatMap((provider) => specPaths(provider.folder, provider.description)),
  );
  const inputs = Object.keys(metafile.inputs);
  const packages = [...corePackages, ...providers.flatMap(({ description }) => description.packages)];
  check("all-in-one", inputs, { folders: allInOneFolders, providers: names, packages });
  write(dist, "all-in-one/outboard.cjs", bytes, metafile);
  report("all-in-one", bytes, inputs, started);
}

function check(name, inputs, rules) {
  const faults = strayInputs(inputs, rules);
  if (faults.length > 0) throw new BuildError(`${name}: the bundle holds what it may not:\n  ${faults.join("\n  ")}`);
}

function write(dist, file, bytes, metafile) {
  const path = join(dist, file);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, bytes);
  writeFileSync(path.replace(/\.cjs$/, ".meta.json"), JSON.stringify(metafile, null, 1));
}

function report(name, bytes, inputs, started) {
  const size = `${(bytes.length / 1024).toFixed(0)} KiB`;
  console.log(
    `${name}: ${size}, packages: ${packagesOf(inputs).join(", ")}, ${(performance.now() - started).toFixed(0)} ms`,
  );
}
