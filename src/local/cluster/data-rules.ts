import { isDeepStrictEqual } from "node:util";
import type { SecretContent } from "./desired.ts";
import { appendToken } from "../../api/structural.ts";
import type { Problem } from "./problem.ts";

/** Bytes of all values of a Secret or ConfigMap together (Kubernetes: 1 MiB). */
const sizeLimit = 1024 * 1024;

/** What Kubernetes wants of a Secret by its type: all of `all`, or one of `any`; see `json` for values that are parsed. */
const typeRules: ReadonlyMap<
  string,
  { readonly all?: readonly string[]; readonly any?: readonly string[]; readonly json?: true }
> = new Map([
  ["kubernetes.io/dockercfg", { all: [".dockercfg"], json: true }],
  ["kubernetes.io/dockerconfigjson", { all: [".dockerconfigjson"], json: true }],
  ["kubernetes.io/basic-auth", { any: ["username", "password"] }],
  ["kubernetes.io/ssh-auth", { all: ["ssh-privatekey"] }],
  ["kubernetes.io/tls", { all: ["tls.crt", "tls.key"] }],
]);

/** Kubernetes' rules for a Secret's fields (https://kubernetes.io/docs/concepts/configuration/secret/#secret-types). */
export function secretProblems(secret: SecretContent): readonly Problem[] {
  return [...dataProblems(secret.data), ...typeProblems(secret)];
}

/** What may not change in an existing Secret. */
export function secretChangeProblems(before: SecretContent, after: SecretContent): readonly Problem[] {
  const problems: Problem[] = [];
  if (before.type !== after.type)
    problems.push({ pointer: "/type", message: "cannot be changed once the Secret exists" });
  if (!before.immutable) return problems;
  const message = "cannot be changed, the Secret is immutable";
  if (!after.immutable) problems.push({ pointer: "/immutable", message });
  if (!isDeepStrictEqual(before.data, after.data)) problems.push({ pointer: "/data", message });
  return problems;
}

/** Keys and size of a Secret's or ConfigMap's data. */
export function dataProblems(data: ReadonlyMap<string, Uint8Array>): readonly Problem[] {
  let size = 0;
  const problems: Problem[] = [];
  for (const [key, value] of data) {
    size += value.length;
    const message = keyProblem(key);
    if (message !== undefined) problems.push({ pointer: appendToken("/data", key), message });
  }
  if (size > sizeLimit) {
    problems.push({ pointer: "/data", message: `must be at most ${sizeLimit} bytes together, are ${size}` });
  }
  return problems;
}

function keyProblem(key: string): string | undefined {
  if (key.length > 253) return "a key must have at most 253 characters";
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) return "a key must consist of letters, digits, '-', '_' and '.'";
  if (key === "." || key.startsWith("..")) return "a key must not be '.' nor start with '..'";
  return undefined;
}

function typeProblems({ type, data }: SecretContent): readonly Problem[] {
  const rule = typeRules.get(type);
  if (rule === undefined) return [];
  const missing = (rule.all ?? []).filter((key) => !data.has(key));
  const problems: Problem[] = missing.map((key) => ({
    pointer: `/data/${key}`,
    message: `is required by type ${type}`,
  }));
  if (rule.any !== undefined && !rule.any.some((key) => data.has(key))) {
    problems.push({ pointer: "/data", message: `type ${type} needs one of ${rule.any.join(", ")}` });
  }
  if (rule.json && missing.length === 0) {
    const broken = (rule.all ?? []).filter((key) => !isJson(data.get(key)));
    problems.push(...broken.map((key) => ({ pointer: `/data/${key}`, message: "must be JSON" })));
  }
  return problems;
}

function isJson(bytes: Uint8Array | undefined): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}
