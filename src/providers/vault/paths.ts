import { ProviderError } from "../../api/errors.ts";
import type { VaultSpec } from "./spec.ts";

/** Where a store's secrets are: the part of the spec that paths depend on. */
export type Location = Pick<VaultSpec, "path" | "version">;

/**
 * API path of a secret's data, without `/v1/`: the key under the mount, with KV 2's `data` after the mount. As in ESO a
 * key may begin with the mount, and then with `data`; without `path` in the store its first part is the mount.
 */
export function dataPath({ path, version }: Location, key: string): string {
  return apiPath(path, version === "v1" ? undefined : "data", key);
}

/** API path of a secret's metadata, or of a folder's listing; KV 1 has neither, there it is the data's own path. */
export function metadataPath({ path, version }: Location, key: string): string {
  return apiPath(path, version === "v1" ? undefined : "metadata", key);
}

/** A path as a part of a URL: each segment escaped, slashes kept. */
export function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function apiPath(mount: string | undefined, kind: "data" | "metadata" | undefined, key: string): string {
  checkKey(key);
  const segments = split(key);
  if (mount === undefined) return [...insertKind(segments, kind)].join("/");
  const mountSegments = split(mount);
  const rest = startsWith(segments, mountSegments) ? segments.slice(mountSegments.length) : segments;
  const named = rest !== segments && kind !== undefined && rest[0] === "data" && rest.length > 1;
  return [...mountSegments, ...(kind === undefined ? [] : [kind]), ...(named ? rest.slice(1) : rest)].join("/");
}

function insertKind(segments: readonly string[], kind: string | undefined): readonly string[] {
  if (kind === undefined) return segments;
  const at = segments.indexOf("data", 1);
  if (at !== -1 && at < segments.length - 1) return segments.with(at, kind);
  return [...segments.slice(0, 1), kind, ...segments.slice(1)];
}

function startsWith(segments: readonly string[], prefix: readonly string[]): boolean {
  return segments.length > prefix.length && prefix.every((segment, index) => segments[index] === segment);
}

function split(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}

function checkKey(key: string): void {
  // A dot segment would leave the mount, since URLs resolve it; Vault has no such names.
  const wrong = key.split("/").some((segment) => segment === "." || segment === "..") || /\p{Cc}/u.test(key);
  if (wrong)
    throw new ProviderError("InvalidConfig", "the key must not have control characters or `.` and `..` segments");
}
