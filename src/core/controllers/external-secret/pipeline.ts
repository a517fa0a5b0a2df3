import { convertKeys, validateKeys } from "../../../api/convert-keys.ts";
import { decode, decodeMap } from "../../../api/decode.ts";
import { ProviderError } from "../../../api/errors.ts";
import { checkNullBytes } from "../../../api/null-bytes.ts";
import type { SecretMap } from "../../../api/provider.ts";
import { atSource, type Source } from "./reads.ts";

/** What one source gave. */
export type SourceResult =
  | { readonly value: Uint8Array }
  | { readonly values: SecretMap }
  | { readonly error: unknown };

/**
 * The data of the target from what the sources gave, in their order: a later one overrides. Throws the first error, with
 * ESO's words for where and at which step.
 */
export function assemble(sources: readonly Source[], results: readonly (SourceResult | undefined)[]): SecretMap {
  const data = new Map<string, Uint8Array>();
  for (const [index, source] of sources.entries()) {
    try {
      for (const [key, value] of processed(source, results[index])) data.set(key, value);
    } catch (error) {
      throw atSource(source, error);
    }
  }
  return data;
}

function processed(source: Source, result: SourceResult | undefined): SecretMap {
  if (result === undefined) throw new ProviderError("Internal", "the provider gave no result");
  if ("error" in result) {
    if (source.from !== "find") throw result.error;
    throw within("error getting all secrets", result.error);
  }
  if (source.from === "data") return single(source, result);
  if (!("values" in result))
    throw new ProviderError("Internal", "the provider answered a value where a map was asked for");
  const { conversionStrategy, decodingStrategy, nullBytePolicy } = source.entry;
  const converted = step(`error applying conversion strategy ${conversionStrategy ?? ""} to keys`, () =>
    convertKeys(conversionStrategy, result.values),
  );
  const valid = step("invalid secret keys (TIP: use rewrite or conversionStrategy to change keys)", () =>
    validateKeys(converted),
  );
  const decoded = step(`error applying decoding strategy ${decodingStrategy ?? ""} to data`, () =>
    decodeMap(decodingStrategy, valid),
  );
  checkNullBytes(nullBytePolicy, decoded);
  return decoded;
}

function single(source: Source & { from: "data" }, result: Exclude<SourceResult, { error: unknown }>): SecretMap {
  if (!("value" in result))
    throw new ProviderError("Internal", "the provider answered a map where a value was asked for");
  const { secretKey, remoteRef } = source.entry;
  const value = step(`error applying decoding strategy ${remoteRef.decodingStrategy ?? ""} to data`, () =>
    decode(remoteRef.decodingStrategy, result.value),
  );
  const values = new Map([[secretKey, value]]);
  checkNullBytes(remoteRef.nullBytePolicy, values);
  return values;
}

function step<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw within(what, error);
  }
}

function within(what: string, thrown: unknown): ProviderError {
  const error = ProviderError.from(thrown);
  return new ProviderError(error.code, `${what}: ${error.message}`, {
    cause: error,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
  });
}
