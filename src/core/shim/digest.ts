import { createHmac, type KeyObject } from "node:crypto";
import type { Credential } from "../../api/credential.ts";

/**
 * What a provider may cache a client by, hex: HMAC-SHA256 over the spec as sent and what its references resolved to.
 * Every part is preceded by its length, so that no two inputs give the same text. Bytes of tokens stay out: a token is
 * replaced every few minutes and says nothing new. `key` is a KeyObject: importing bytes costs five times the digest.
 */
export function storeDigest(key: KeyObject, spec: Uint8Array, credentials: readonly Credential[]): string {
  const parts = [spec, ...credentials.flatMap(partsOf)].flatMap((part) => {
    const bytes = typeof part === "string" ? Buffer.from(part) : part;
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.byteLength);
    return [length, bytes];
  });
  // One update: each crosses into OpenSSL.
  return createHmac("sha256", key).update(Buffer.concat(parts)).digest("hex");
}

function partsOf({ path, kind, namespace, name, keys, token, error }: Credential): readonly (string | Uint8Array)[] {
  const place = [path, kind, namespace, name];
  if (error !== undefined) return [...place, "error", error.code, error.message];
  if (token === undefined) return [...place, "keys", ...sorted(keys ?? new Map<string, Uint8Array>())];
  const { serviceAccountUid, audiences, annotations } = token;
  return [...place, "token", serviceAccountUid, `${audiences.length}`, ...audiences, ...sorted(annotations)];
}

function sorted<T extends string | Uint8Array>(map: ReadonlyMap<string, T>): readonly (string | T)[] {
  const entries = [...map].toSorted(([left], [right]) => (left < right ? -1 : 1));
  return [`${entries.length}`, ...entries.flat()];
}
