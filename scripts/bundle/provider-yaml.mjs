// Reads src/providers/NAME/provider.yaml and says exactly where it is wrong.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { validate } from "../../src/api/validate.ts";

const identifier = { type: "string", minLength: 1, pattern: "^[A-Za-z_$][A-Za-z0-9_$]*$" };
const modulePath = { type: "string", minLength: 1, pattern: "^\\./[a-z0-9-]+\\.ts$" };

/** JSON Schema of provider.yaml. */
export const providerYamlSchema = {
  type: "object",
  required: ["name", "displayName", "stores"],
  properties: {
    name: { type: "string", minLength: 1, maxLength: 63, pattern: "^[a-z][a-z0-9-]*$" },
    displayName: { type: "string", minLength: 1 },
    maintenance: { type: "string", enum: ["Maintained", "NotMaintained", "Deprecated"] },
    stores: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["key", "module", "provider", "spec"],
        properties: {
          key: { type: "string", minLength: 1, pattern: "^[a-zA-Z][a-zA-Z0-9]*$" },
          module: modulePath,
          provider: identifier,
          spec: modulePath,
          kind: { type: "string", minLength: 1, maxLength: 63, pattern: "^[A-Z][A-Za-z0-9]*$" },
          apiVersion: {
            type: "string",
            pattern: "^[a-z0-9][-a-z0-9]*(\\.[a-z0-9][-a-z0-9]*)+/v[1-9][0-9]*((alpha|beta)[1-9][0-9]*)?$",
          },
        },
      },
    },
    packages: { type: "array", items: { type: "string", minLength: 1 } },
  },
};

/** What is wrong with a provider.yaml; `message` has file, line and key of each fault. */
export class ProviderYamlError extends Error {
  name = "ProviderYamlError";
}

const defaultApiVersion = "provider.external-secrets.io/v2alpha1";

/**
 * The checked content of a provider folder's provider.yaml; a store's `kind` is `{ group, version, kind }`, undefined
 * where there is none. Throws ProviderYamlError.
 */
export function readProviderYaml(root, folder) {
  const path = join(folder, "provider.yaml");
  const shown = relative(root, path);
  if (!existsSync(path))
    throw new ProviderYamlError(`${shown}: there is no such file; every provider folder needs one`);
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, "utf8"), { lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError) {
    throw new ProviderYamlError(`${shown}:${lines.linePos(syntaxError.pos[0]).line}: not YAML: ${syntaxError.code}`);
  }
  const value = document.toJS();
  const faults = validate(providerYamlSchema, value).map(({ pointer, message }) => ({ pointer, message }));
  if (faults.length === 0) faults.push(...folderFaults(value, folder));
  if (faults.length > 0) {
    throw new ProviderYamlError(
      faults
        .map(
          ({ pointer, message }) =>
            `${shown}:${lineOf(document, lines, pointer)}: ${pointer.slice(1).replaceAll("/", ".") || "(root)"}: ${message}`,
        )
        .join("\n"),
    );
  }
  return { maintenance: "Maintained", packages: [], ...value, stores: value.stores.map(withKind) };
}

function withKind({ kind, apiVersion = defaultApiVersion, ...store }) {
  const [group, version] = apiVersion.split("/");
  return { ...store, kind: kind && { group, version, kind } };
}

function folderFaults(value, folder) {
  const faults = [];
  const name = folder.split("/").at(-1);
  if (value.name !== name) faults.push({ pointer: "/name", message: `must be the folder's name, ${name}` });
  const keys = new Set();
  const kinds = new Set();
  value.stores.forEach((store, index) => {
    if (keys.has(store.key)) faults.push({ pointer: `/stores/${index}/key`, message: `${store.key} is served twice` });
    keys.add(store.key);
    const kind = store.kind && `${store.apiVersion ?? defaultApiVersion} ${store.kind}`;
    if (kind && kinds.has(kind)) faults.push({ pointer: `/stores/${index}/kind`, message: `${kind} is served twice` });
    kinds.add(kind);
    if (store.apiVersion && !kind) {
      faults.push({ pointer: `/stores/${index}/apiVersion`, message: "is of a kind, and the store has none" });
    }
    for (const field of ["module", "spec"]) {
      if (!existsSync(join(folder, store[field]))) {
        faults.push({ pointer: `/stores/${index}/${field}`, message: `there is no such file in the folder` });
      }
    }
  });
  return faults;
}

/** Line of the node that a pointer names, or of its nearest parent that exists. */
function lineOf(document, lines, pointer) {
  const path = pointer
    .split("/")
    .slice(1)
    .map((token) => (/^\d+$/.test(token) ? Number(token) : token));
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
