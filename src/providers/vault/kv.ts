import { ProviderError } from "../../api/errors.ts";
import { mapConcurrently } from "../../sdk/concurrently.ts";
import type { ListRequest } from "../../sdk/operations.ts";
import { member, stringOf, type RawJson, type RawObject } from "../../sdk/raw-json.ts";
import type { VaultConnection } from "./connection.ts";
import { dataPath, metadataPath } from "./paths.ts";
import { responseError, type VaultResponse } from "./response.ts";

const width = 8;
const cannotRead = "cannot read secret data from Vault";

/** A KV 2 secret's metadata, or what stands in for it in KV 1. */
export interface Metadata {
  /** The user's own, and the mark of ownership. */
  readonly custom: ReadonlyMap<string, string>;
  /** `created_time`, `current_version`, `delete_version_after`, those that are there. */
  readonly system: ReadonlyMap<string, string>;
}

/**
 * A secret's data; undefined when it is not there or this version of it is deleted. `version` is KV 2's; empty: the
 * newest. https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version
 */
export async function readSecret(
  connection: VaultConnection,
  key: string,
  version: string | undefined,
  signal: AbortSignal,
): Promise<RawObject | undefined> {
  const path = dataPath(connection.spec, key);
  const query = version === undefined ? {} : { version };
  const response = await connection.request({ method: "GET", path, query }, cannotRead, signal);
  if (response.status === 404) return nothing(response, cannotRead);
  const { data } = response;
  if (connection.spec.version === "v1") return data?.kind === "object" ? data : undefined;
  const inner = member(data, "data");
  if (inner?.kind === "null") return undefined;
  if (inner?.kind === "object") return inner;
  throw new ProviderError("InvalidConfig", "failed to find data field; is this a KV version 2 engine?");
}

/** A secret's metadata; undefined when there is none. In KV 1 it is the member `custom_metadata` of the data. */
export async function readMetadata(
  connection: VaultConnection,
  key: string,
  signal: AbortSignal,
): Promise<Metadata | undefined> {
  const request = { method: "GET", path: metadataPath(connection.spec, key) } as const;
  const response = await connection.request(request, cannotRead, signal);
  if (response.status === 404) return nothing(response, cannotRead);
  return metadataOf(response.data);
}

/** {@link Metadata} from a response's data, or from the data of a KV 1 secret. */
export function metadataOf(data: RawJson | undefined): Metadata {
  const custom = member(data, "custom_metadata");
  const members = custom?.kind === "object" ? custom.members : [];
  const names = ["created_time", "current_version", "delete_version_after"];
  return {
    custom: new Map(members.map(({ key, value }) => [key, stringOf(value) ?? value.raw])),
    system: new Map(names.flatMap((name) => textMember(data, name))),
  };
}

/**
 * Keys of all secrets below a path, folders walked; undefined when there is no such path. Tags are custom metadata, and
 * only looked at when there is no search by name (ESO). Throws Unsupported for tags in KV 1.
 */
export async function listSecrets(
  connection: VaultConnection,
  { path, tags, named }: ListRequest,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  if (tags !== undefined && connection.spec.version === "v1") {
    throw new ProviderError("Unsupported", "cannot perform find by tag operations with kv version v1");
  }
  if (path === undefined && connection.spec.path === undefined) {
    throw new ProviderError("InvalidConfig", "find: name the mount, in the store's path or in find.path");
  }
  const keys = await walk(connection, path === undefined ? "" : `${path.replace(/\/+$/, "")}/`, signal);
  if (keys === undefined || tags === undefined || named) return keys;
  const tagged = await mapConcurrently(keys, width, async (key) => {
    const metadata = await readMetadata(connection, key, signal);
    return metadata !== undefined && hasTags(metadata, tags);
  });
  return keys.filter((_, index) => tagged[index]);
}

/** The error of a 404 that says more than "not there": a wrong mount, or a KV 2 engine asked as KV 1. */
function nothing(response: VaultResponse, what: string): undefined {
  const { body, errors, warnings } = response;
  if (body === undefined) throw new ProviderError("Unavailable", `${what}: what answered with status 404 is not Vault`);
  if (errors.length > 0 || warnings.length > 0) throw responseError(response, what, "InvalidConfig");
  return undefined;
}

/** Level by level, so that no more than {@link width} requests run at once however the folders branch. */
async function walk(connection: VaultConnection, start: string, signal: AbortSignal): Promise<string[] | undefined> {
  const found: string[] = [];
  for (let folders = [start]; folders.length > 0;) {
    const listings = await mapConcurrently(folders, width, (folder) => listFolder(connection, folder, signal));
    if (folders[0] === start && listings[0] === undefined) return undefined;
    const entries = folders.flatMap((folder, index) => (listings[index] ?? []).map((name) => folder + name));
    found.push(...entries.filter((entry) => !entry.endsWith("/")));
    folders = entries.filter((entry) => entry.endsWith("/"));
  }
  return found.toSorted();
}

async function listFolder(
  connection: VaultConnection,
  folder: string,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const what = "cannot list secrets in Vault";
  // The verb LIST does not pass every proxy.
  const request = {
    method: "GET",
    path: `${metadataPath(connection.spec, folder)}/`,
    query: { list: "true" },
  } as const;
  const response = await connection.request(request, what, signal);
  if (response.status === 404) return nothing(response, what);
  const keys = member(response.data, "keys");
  return keys?.kind === "array" ? keys.items.flatMap((item) => stringOf(item) ?? []) : [];
}

function hasTags({ custom, system }: Metadata, tags: Readonly<Record<string, string>>): boolean {
  return Object.entries(tags).every(([name, value]) => (custom.get(name) ?? system.get(name)) === value);
}

function textMember(data: RawJson | undefined, name: string): readonly (readonly [string, string])[] {
  const value = member(data, name);
  return value === undefined || value.kind === "null" ? [] : [[name, stringOf(value) ?? value.raw]];
}
