import type { TSchema } from "typebox";
import { ProviderError } from "../api/errors.ts";
import type { Find, RemoteRef, SecretsClient, ValidationResult } from "../api/provider.ts";
import { boundary } from "../api/boundary.ts";
import { findSecrets } from "./find.ts";
import { pushedValue } from "./merge.ts";
import type { Operations } from "./operations.ts";
import { parsePushMetadata } from "./push-metadata.ts";
import { parseJsonObject } from "./raw-json.ts";
import { extractProperty, findProperty, jsonMap } from "./value.ts";

/** The client of one connection; see `defineProvider`. */
export function createClient<Spec extends TSchema, Connection>(
  operations: Operations<Spec, Connection>,
  connection: Connection,
): SecretsClient {
  const fetch = async (ref: RemoteRef, signal: AbortSignal) => {
    const wantsMetadata = ref.metadataPolicy === "Fetch" && operations.readMetadata !== undefined;
    const operation = wantsMetadata ? operations.readMetadata : operations.read;
    if (operation === undefined) throw unsupported(operations.name, "reading");
    const secret = await operation(connection, { key: ref.key, version: ref.version || undefined }, signal);
    if (secret === undefined) throw new ProviderError("NoSecret", "Secret does not exist");
    return secret;
  };
  const find = async (criteria: Find, signal: AbortSignal) => {
    const { list, read } = operations;
    if (list === undefined || read === undefined) throw unsupported(operations.name, "find");
    return findSecrets(criteria, {
      list: (request) => list(connection, request, signal),
      read: (key) => read(connection, { key, version: undefined }, signal),
    });
  };
  const get = async (ref: RemoteRef, signal: AbortSignal) => {
    const secret = await fetch(ref, signal);
    return ref.property ? extractProperty(secret, ref.property, ref.key) : secret;
  };
  const map = async (ref: RemoteRef, signal: AbortSignal) => jsonMap(await get(ref, signal), ref.key);

  return {
    getSecret: (ref, signal) => boundary(signal, () => get(ref, signal)),
    getSecretMap: (ref, signal) => boundary(signal, () => map(ref, signal)),
    getAllSecrets: (criteria, signal) => boundary(signal, () => find(criteria, signal)),
    pushSecret: (source, data, signal) =>
      boundary(signal, async () => {
        if (operations.write === undefined) throw unsupported(operations.name, "pushing");
        const { remoteKey: key, property } = data;
        const metadata = await parsePushMetadata(data.metadata, operations.pushMetadata);
        const value = pushedValue(source, data);
        await operations.write(connection, { key, property, value, metadata, source }, signal);
      }),
    deleteSecret: ({ remoteKey: key, property }, signal) =>
      boundary(signal, async () => {
        if (operations.remove === undefined) throw unsupported(operations.name, "deleting");
        await operations.remove(connection, { key, property }, signal);
      }),
    secretExists: ({ remoteKey: key, property }, signal) =>
      boundary(signal, async () => {
        if (operations.exists === undefined) throw unsupported(operations.name, "asking whether a secret exists");
        if (property === "" || operations.read === undefined) return operations.exists(connection, key, signal);
        const secret = await operations.read(connection, { key, version: undefined }, signal);
        if (secret === undefined) return false;
        return findProperty(parseJsonObject(secret, `the secret ${JSON.stringify(key)}`), property) !== undefined;
      }),
    validate: (signal) =>
      boundary<ValidationResult>(signal, async () => {
        await operations.validate?.(connection, signal);
        return "Ready";
      }),
    close: async () => operations.close?.(connection),
  };
}

/** The client of a cluster store that is validated before any caller is known (ESO's Unknown). */
export function withoutCaller(): SecretsClient {
  return {
    getSecret: refuse,
    getSecretMap: refuse,
    getAllSecrets: refuse,
    pushSecret: refuse,
    deleteSecret: refuse,
    secretExists: refuse,
    validate: async () => "Unknown",
    close: async () => {},
  };
}

async function refuse(): Promise<never> {
  const message = "the store's credentials depend on the namespace of its user, and there is none";
  throw new ProviderError("InvalidConfig", message);
}

function unsupported(name: string, what: string): ProviderError {
  return new ProviderError("Unsupported", `provider ${name} does not support ${what}`);
}
