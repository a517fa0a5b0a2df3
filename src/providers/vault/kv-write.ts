import { ProviderError } from "../../api/errors.ts";
import { mergeProperty, pushedObject, sameJson, withoutProperty } from "../../sdk/merge.ts";
import type { RemoveRequest, WriteRequest } from "../../sdk/operations.ts";
import { jsonMember, objectValue, textObject, type RawObject } from "../../sdk/raw-json.ts";
import type { VaultConnection } from "./connection.ts";
import { metadataOf, readMetadata, readSecret, type Metadata } from "./kv.ts";
import { dataPath, metadataPath } from "./paths.ts";
import { responseError } from "./response.ts";

/** ESO's mark: a secret whose custom metadata lacks it is never changed. */
const owner = ["managed-by", "external-secrets"] as const;
const customMetadata = "custom_metadata";

/**
 * Writes a whole secret (a JSON object) or one property of it; equal data is not written again. Throws InvalidConfig for
 * a secret that others own or a value that is no JSON object, Conflict when check-and-set finds another version.
 */
export async function writeSecret(
  connection: VaultConnection,
  { key, property, value }: WriteRequest,
  signal: AbortSignal,
): Promise<void> {
  const current = await readSecret(connection, key, undefined, signal);
  const merge = (data: RawObject | undefined) =>
    property === "" ? pushedObject(value) : mergeProperty(data, property, value);
  if (connection.spec.version === "v1") {
    if (current !== undefined) checkOwner(metadataOf(current));
    const data = current && withoutProperty(current, customMetadata);
    const next = merge(data);
    if (!sameJson(data, next)) await post(connection, dataPath(connection.spec, key), withMark(next), signal);
    return;
  }
  const metadata = await readMetadata(connection, key, signal);
  if (current !== undefined) checkOwner(metadata);
  const next = merge(current);
  if (!isOwned(metadata)) await markAsOwned(connection, key, metadata, signal);
  if (!sameJson(current, next)) await writeVersion(connection, { key, data: next, metadata }, signal);
}

/** Removes a property, or with the last one or without `property` the secret with all versions. Leaves what others own. */
export async function removeSecret(
  connection: VaultConnection,
  { key, property }: RemoveRequest,
  signal: AbortSignal,
): Promise<void> {
  const { spec } = connection;
  const current = await readSecret(connection, key, undefined, signal);
  if (current === undefined) return;
  const metadata = spec.version === "v1" ? metadataOf(current) : await readMetadata(connection, key, signal);
  if (!isOwned(metadata)) return;
  const rest = property === "" ? objectValue([]) : withoutProperty(current, property);
  if (sameJson(rest, current)) return;
  const mark = spec.version === "v1" ? customMetadata : undefined;
  if (rest.members.some((each) => each.key !== mark)) {
    if (spec.version === "v1") await post(connection, dataPath(spec, key), rest, signal);
    else await writeVersion(connection, { key, data: rest, metadata }, signal);
    return;
  }
  const what = `could not delete secret ${JSON.stringify(key)}`;
  await connection.request({ method: "DELETE", path: dataPath(spec, key) }, what, signal);
  if (spec.version !== "v1") {
    await connection.request({ method: "DELETE", path: metadataPath(spec, key) }, what, signal);
  }
}

interface Version {
  readonly key: string;
  readonly data: RawObject;
  readonly metadata: Metadata | undefined;
}

async function writeVersion(connection: VaultConnection, { key, data, metadata }: Version, signal: AbortSignal) {
  const { spec } = connection;
  const version = Number(metadata?.system.get("current_version") ?? 0);
  const options = spec.checkAndSet?.required === true ? `,"options":{"cas":${version}}` : "";
  await post(connection, dataPath(spec, key), { raw: `{"data":${data.raw}${options}}` }, signal);
}

/** First of all writes: should a later one fail, the next attempt still finds its own mark. */
async function markAsOwned(
  connection: VaultConnection,
  key: string,
  metadata: Metadata | undefined,
  signal: AbortSignal,
): Promise<void> {
  const custom = new Map([...(metadata?.custom ?? []), owner]);
  const body = objectValue([jsonMember(customMetadata, textObject([...custom]))]);
  await post(connection, metadataPath(connection.spec, key), body, signal);
}

async function post(connection: VaultConnection, path: string, body: { readonly raw: string }, signal: AbortSignal) {
  const what = "failed to write secret data";
  const request = { method: "POST", path, body: body.raw } as const;
  const response = await connection.request(request, what, signal);
  if (response.status === 404) throw responseError(response, what, "InvalidConfig");
}

function withMark(data: RawObject): RawObject {
  const others = data.members.filter((each) => each.key !== customMetadata);
  return objectValue([...others, jsonMember(customMetadata, textObject([owner]))]);
}

function isOwned(metadata: Metadata | undefined): boolean {
  return metadata?.custom.get(owner[0]) === owner[1];
}

function checkOwner(metadata: Metadata | undefined): void {
  if (isOwned(metadata)) return;
  const detail = metadata === undefined || metadata.custom.size === 0 ? " (no custom_metadata found)" : "";
  throw new ProviderError("InvalidConfig", `secret not managed by external-secrets${detail}`);
}
