// The providers' specs, found through each folder's provider.yaml.
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { readProviderYaml } from "../bundle/provider-yaml.mjs";

/** `{ key, kind, schema, file, maintenance }` of every key that a provider serves, sorted by key; `file` is relative to `root`. */
export async function readSpecs(root) {
  const providers = join(root, "src/providers");
  const folders = readdirSync(providers, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = [];
  for (const { name } of folders) {
    const folder = join(providers, name);
    const { stores, maintenance } = readProviderYaml(root, folder);
    for (const store of stores) found.push({ ...(await readSpec(root, folder, store)), maintenance });
  }
  found.sort((a, b) => (a.key < b.key ? -1 : 1));
  refuseTwice(found, "key", ({ key }) => key);
  refuseTwice(found, "kind", ({ kind }) => kind && `${kind.kind}.${kind.group}`);
  return found;
}

function refuseTwice(specs, what, nameOf) {
  const files = new Map();
  for (const spec of specs) {
    const name = nameOf(spec);
    if (name && files.has(name)) throw new Error(`${files.get(name)} and ${spec.file} both serve the ${what} ${name}`);
    files.set(name, spec.file);
  }
}

async function readSpec(root, folder, { key, kind, spec }) {
  const path = join(folder, spec);
  const file = relative(root, path);
  if (!existsSync(path)) throw new Error(`${file}: there is no such file`);
  const { spec: schema } = await import(pathToFileURL(path).href);
  if (typeof schema !== "object") throw new Error(`${file}: exports no "spec"`);
  return { key, kind, schema, file };
}
