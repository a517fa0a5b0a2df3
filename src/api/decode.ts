import { ProviderError } from "./errors.ts";
import type { RemoteRef, SecretMap } from "./provider.ts";

/** ESO's decodingStrategy; empty or absent is None. */
export type DecodingStrategy = NonNullable<RemoteRef["decodingStrategy"]> | "";

/**
 * Decodes one fetched value as ESO does: Base64 and Base64URL want padding and overlook line breaks; Auto tries both and
 * keeps what is neither. InvalidConfig when the value is not what the strategy says.
 */
export function decode(strategy: DecodingStrategy | undefined, bytes: Uint8Array): Uint8Array {
  switch (strategy) {
    case undefined:
    case "":
    case "None":
      return bytes;
    case "Base64":
      return base64(standard, bytes) ?? notEncoded();
    case "Base64URL":
      return base64(urlSafe, bytes) ?? notEncoded();
    case "Auto":
      return base64(standard, bytes) ?? base64(urlSafe, bytes) ?? bytes;
    default:
      // Reached by objects that were stored before the CRD had this list.
      throw new ProviderError("InvalidConfig", `decoding strategy ${String(strategy)} is not supported`);
  }
}

/** {@link decode} for every value of a map; the error names the key. */
export function decodeMap(strategy: DecodingStrategy | undefined, values: SecretMap): SecretMap {
  const decoded = new Map<string, Uint8Array>();
  for (const [key, value] of values) {
    try {
      decoded.set(key, decode(strategy, value));
    } catch (error) {
      const { code, message } = ProviderError.from(error);
      throw new ProviderError(code, `failure decoding key ${key}: ${message}`);
    }
  }
  return decoded;
}

const standard = /^[A-Za-z0-9+/]*={0,2}$/u;
const urlSafe = /^[A-Za-z0-9_-]*={0,2}$/u;

function base64(alphabet: RegExp, bytes: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString("latin1")
    .replaceAll(/[\r\n]/gu, "");
  if (text.length % 4 !== 0 || !alphabet.test(text)) return undefined;
  // Node reads both alphabets as one. The copy keeps the value out of Buffer's shared pool.
  return new Uint8Array(Buffer.from(text, "base64"));
}

function notEncoded(): never {
  throw new ProviderError("InvalidConfig", "illegal base64 data");
}
