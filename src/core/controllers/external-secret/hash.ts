import { hash } from "node:crypto";
import type { SecretMap } from "../../../api/provider.ts";

// ESO hashes what Go's fmt prints with %+v. The same text, or every Secret would be rewritten when operators change.

/** SHA3-224 of a text, in hex (ESO's ObjectHash of a string). */
export function textHash(text: string): string {
  return hash("sha3-224", text);
}

/** ESO's data-hash: of `map[key:[1 2 3] other:[]]`. */
export function dataHash(data: SecretMap): string {
  return textHash(goMap(Array.from(data, ([key, bytes]) => [key, `[${bytes.join(" ")}]`])));
}

/** Hash of labels and annotations: of `{annotations:map[k:v] labels:map[]}`. */
export function metadataHash(metadata: {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}): string {
  const annotations = goMap(Object.entries(metadata.annotations));
  return textHash(`{annotations:${annotations} labels:${goMap(Object.entries(metadata.labels))}}`);
}

function goMap(entries: readonly (readonly [string, string])[]): string {
  // Keys of Secrets, labels and annotations are ASCII, where this is the order of bytes.
  const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${sorted.map(([key, value]) => `${key}:${value}`).join(" ")}]`;
}
