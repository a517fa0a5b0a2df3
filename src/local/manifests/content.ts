import { appendToken, isObject } from "../../api/structural.ts";
import type { Kind } from "../../cluster/objects.ts";
import { dataProblems, secretProblems } from "../cluster/data-rules.ts";
import type { Content } from "../cluster/desired.ts";
import { kindId } from "../cluster/kind-id.ts";
import type { Problem } from "../cluster/problem.ts";

/** An object's own fields, or what is wrong with them. */
export type Read = { readonly content: Content; readonly problems: readonly Problem[] };

type Fields = Readonly<Record<string, unknown>>;

/** The fields of an object whose shape its schema has approved. */
export function readContent(kind: Kind, object: Fields): Read {
  const name = kindId(kind);
  if (name === "Secret") return readSecret(object);
  if (name === "ConfigMap") return readConfigMap(object);
  if (name === "Namespace" || name === "ServiceAccount") return { content: { form: "bare" }, problems: [] };
  return { content: { form: "custom", spec: object["spec"] ?? {} }, problems: [] };
}

/** `stringData` wins over `data`, as in Kubernetes. */
function readSecret(object: Fields): Read {
  const decoded = readBase64("/data", object["data"]);
  const text = readText(object["stringData"]);
  const content = {
    form: "Secret",
    type: textOf(object["type"]) || "Opaque",
    immutable: object["immutable"] === true,
    data: new Map([...decoded.data, ...text]),
  } as const;
  // What did not decode is reported once.
  const rules = decoded.problems.length > 0 ? [] : secretProblems(content).map(inField("/stringData", text));
  return { content, problems: [...decoded.problems, ...rules] };
}

function readConfigMap(object: Fields): Read {
  const text = readText(object["data"]);
  const binary = readBase64("/binaryData", object["binaryData"]);
  const twice = [...binary.data.keys()]
    .filter((key) => text.has(key))
    .map((key) => ({ pointer: appendToken("/binaryData", key), message: "is in `data` too" }));
  const content = { form: "ConfigMap", data: new Map([...text, ...binary.data]) } as const;
  const rules = binary.problems.length > 0 ? [] : dataProblems(content.data).map(inField("/binaryData", binary.data));
  return { content, problems: [...binary.problems, ...twice, ...rules] };
}

/** The rules know one `data`; a key that the manifest has in another field is reported there. */
function inField(field: string, keys: ReadonlyMap<string, unknown>): (problem: Problem) => Problem {
  const moved = new Map(Array.from(keys.keys(), (key) => [appendToken("/data", key), appendToken(field, key)]));
  return ({ pointer, message }) => ({ pointer: moved.get(pointer) ?? pointer, message });
}

function readText(field: unknown): ReadonlyMap<string, Uint8Array> {
  return new Map(entriesOf(field).map(([key, value]) => [key, new TextEncoder().encode(textOf(value))]));
}

function readBase64(pointer: string, field: unknown) {
  const data = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  for (const [key, value] of entriesOf(field)) {
    const bytes = decodeBase64(textOf(value));
    if (bytes === undefined) problems.push({ pointer: appendToken(pointer, key), message: "must be Base64" });
    else data.set(key, bytes);
  }
  return { data, problems };
}

/** RFC 4648 section 4, padded; line breaks are skipped, as Go's decoder does. */
function decodeBase64(encoded: string): Uint8Array | undefined {
  const joined = encoded.replace(/[\r\n]/g, "");
  const isBase64 = joined.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(joined);
  return isBase64 ? new Uint8Array(Buffer.from(joined, "base64")) : undefined;
}

function entriesOf(field: unknown): readonly (readonly [string, unknown])[] {
  return isObject(field) ? Object.entries(field) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
