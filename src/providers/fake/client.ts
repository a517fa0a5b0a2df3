import { convertKeys } from "../../api/convert-keys.ts";
import { ProviderError } from "../../api/errors.ts";
import type { Find, PushSource, RemoteRef, SecretMap, SecretsClient } from "../../api/provider.ts";
import { children, isJson, plain } from "./json-text.ts";
import type { PushedSecrets } from "./memory.ts";
import { property } from "./property.ts";
import type { FakeSpec } from "./spec.ts";

/** Key -> version -> value, version "" for a value without one. */
type StaticSecrets = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** A client for the secrets of a spec and those that were pushed to its store. */
export function createClient(spec: FakeSpec, pushed: PushedSecrets): SecretsClient {
  const secrets = staticSecrets(spec);

  const getSecret = async (ref: RemoteRef, signal: AbortSignal): Promise<Uint8Array> => {
    refuseAborted(signal);
    const { key, version = "" } = ref;
    const value = secrets.get(key)?.get(version) ?? (version === "" ? pushed.get(key) : undefined);
    if (value === undefined) throw noSecret();
    if (ref.property === undefined || ref.property === "") return value;
    const found = property(textOf(value), ref.property);
    if (found === undefined) throw noSecret();
    return bytesOf(found);
  };

  return {
    getSecret,
    getSecretMap: async (ref, signal) => mapOf(await getSecret(ref, signal)),
    getAllSecrets: async (find, signal) => {
      refuseAborted(signal);
      return findByName(find, secrets, pushed);
    },
    pushSecret: async (source, { secretKey, remoteKey }, signal) => {
      refuseAborted(signal);
      if (secrets.get(remoteKey)?.has("") === true) throw new ProviderError("Conflict", "key already exists");
      pushed.set(remoteKey, pushedValue(source, secretKey));
    },
    // As ESO's: succeeds and keeps everything.
    deleteSecret: async (_ref, signal) => refuseAborted(signal),
    secretExists: async ({ remoteKey }, signal) => {
      refuseAborted(signal);
      return secrets.has(remoteKey) || pushed.get(remoteKey) !== undefined;
    },
    validate: async (signal) => {
      refuseAborted(signal);
      const { validationResult = 0 } = spec;
      if (validationResult === 0) return "Ready";
      if (validationResult === 1) return "Unknown";
      throw new ProviderError("InvalidConfig", "unable to validate");
    },
    close: async () => {},
  };
}

function staticSecrets({ data }: FakeSpec): StaticSecrets {
  const secrets = new Map<string, Map<string, Uint8Array>>();
  for (const { key, value, version = "" } of data) {
    const versions = secrets.get(key) ?? new Map<string, Uint8Array>();
    secrets.set(key, versions.set(version, bytesOf(value)));
  }
  return secrets;
}

/** ESO's fake converts keys itself, so before core's rewrite. */
async function findByName(find: Find, secrets: StaticSecrets, pushed: PushedSecrets): Promise<SecretMap> {
  if (find.name === undefined) {
    throw new ProviderError("Unsupported", "unsupported find operator: fake finds by name only");
  }
  // Loaded at first use: most stores never search.
  const { compileRe2 } = await import("../../api/re2.ts");
  const pattern = compileRe2(find.name.regexp ?? "", "find.name.regexp");
  const found = new Map<string, Uint8Array>();
  for (const key of pushed.keys()) {
    const value = pushed.get(key);
    if (value !== undefined && pattern.matches(key)) found.set(key, value);
  }
  for (const [key, versions] of secrets) {
    const newest = [...versions.keys()].sort().at(-1) ?? "";
    const value = versions.get(newest);
    if (value !== undefined && pattern.matches(key)) found.set(key, value);
  }
  return convertKeys(find.conversionStrategy, found);
}

function mapOf(value: Uint8Array): SecretMap {
  const text = textOf(value).trim();
  if (text === "null") return new Map();
  if (!text.startsWith("{") || !isJson(text)) {
    throw new ProviderError("InvalidConfig", "unable to unmarshal secret: it is not a JSON object");
  }
  return new Map([...children(text)].map(([key, json]) => [key, bytesOf(plain(json))]));
}

function pushedValue({ data }: PushSource, secretKey: string): Uint8Array {
  if (secretKey !== "") {
    const value = data.get(secretKey);
    if (value !== undefined) return value;
    throw new ProviderError("InvalidConfig", `the source secret has no key ${JSON.stringify(secretKey)}`);
  }
  const fields = [...data].sort(([a], [b]) => (a < b ? -1 : 1));
  return bytesOf(
    `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(textOf(value))}`).join(",")}}`,
  );
}

function noSecret(): ProviderError {
  return new ProviderError("NoSecret", "Secret does not exist");
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw ProviderError.from(signal.reason);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
