import { createHash } from "node:crypto";
import { readFile, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { Type } from "typebox";
import type { Static } from "typebox";
import { validate } from "../api/validate.ts";
import { escapeControl } from "../api/escape.ts";

const digest = Type.String({ pattern: "^[0-9a-f]{64}$" });

/** A DNS label: it becomes the first one of the name in the provider's certificate. */
const providerName = Type.String({ pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$" });

const entrySchema = Type.Object(
  {
    name: providerName,
    displayName: Type.String(),
    keys: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    file: Type.String({ minLength: 1 }),
    sha256: digest,
    bytes: Type.Integer({ minimum: 0 }),
  },
  { additionalProperties: false },
);

const manifestSchema = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: 1 }), providers: Type.Array(entrySchema) },
  { additionalProperties: false },
);

/** One provider's bundle: a row of the manifest, with its file made absolute and free of links. */
export interface Bundle {
  /** A DNS label, "vault". */
  readonly name: string;
  readonly displayName: string;
  /** Keys of `spec.provider` that it serves. */
  readonly keys: readonly string[];
  readonly file: string;
  /** Of the file, in hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The bundles of a folder by the keys that they serve. */
export interface BundleManifest {
  readonly folder: string;
  readonly bundles: ReadonlyMap<string, Bundle>;
}

/** A folder of bundles, or one bundle of it, that cannot be used. The message says which and how to mend it. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** Reads `providers.json` of a folder of bundles. Rejects with BundleError when it is not what the build writes. */
export async function readBundleManifest(folder: string): Promise<BundleManifest> {
  const root = await realpath(folder).catch(() => {
    throw new BundleError(`there is no folder of bundles at ${escapeControl(folder)}: run "npm run build"`);
  });
  const where = join(root, "providers.json");
  const manifest = parse(where, await readText(where));
  const bundles = new Map<string, Bundle>();
  const names = new Set<string>();
  for (const entry of manifest.providers) {
    if (names.has(entry.name)) throw new BundleError(`${where} lists provider ${entry.name} twice: build again`);
    names.add(entry.name);
    const bundle = { ...entry, file: inside(root, entry) };
    for (const key of entry.keys) {
      const other = bundles.get(key);
      if (other) {
        const [first, second] = [other.name, entry.name];
        throw new BundleError(
          `${where}: providers ${first} and ${second} both serve the key ${key}: build one of them`,
        );
      }
      bundles.set(key, bundle);
    }
  }
  return { folder: root, bundles };
}

/** Resolves when the bundle's file is the one that was built. Rejects with BundleError naming the provider. */
export async function checkBundle(root: string, bundle: Bundle): Promise<void> {
  const { name } = bundle;
  const real = await realpath(bundle.file).catch(() => bundle.file);
  if (!isInside(root, real))
    throw new BundleError(`the bundle of provider ${name} is a link out of ${root}: build again`);
  const bytes = await readFile(real).catch(() => {
    throw new BundleError(`the bundle of provider ${name} cannot be read at ${bundle.file}: build again`);
  });
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== bundle.sha256) {
    throw new BundleError(
      `provider ${name} is refused: the sha256 of its bundle is ${found}, its manifest says ${bundle.sha256}; build again`,
    );
  }
}

async function readText(where: string): Promise<string> {
  return await readFile(where, "utf8").catch(() => {
    throw new BundleError(`${where} cannot be read: run "npm run build", or name another folder with --bundle-dir`);
  });
}

function parse(where: string, text: string): Static<typeof manifestSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BundleError(`${where} is not JSON: build again`);
  }
  const [violation] = validate(manifestSchema, value);
  if (violation) throw new BundleError(`${where}: ${violation.pointer || "/"}: ${violation.message}; build again`);
  return value as Static<typeof manifestSchema>;
}

function inside(root: string, entry: { readonly name: string; readonly file: string }): string {
  const file = join(root, entry.file);
  if (isAbsolute(entry.file) || entry.file.includes("\0") || !isInside(root, file)) {
    throw new BundleError(
      `the manifest of ${root} places the bundle of provider ${entry.name} outside of it: build again`,
    );
  }
  return file;
}

function isInside(root: string, file: string): boolean {
  const path = relative(root, file);
  return path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
