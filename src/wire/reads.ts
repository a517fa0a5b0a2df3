import { ProviderError } from "../api/errors.ts";
import type { Find, Read, ReadResult, RemoteRef } from "../api/provider.ts";
import type * as wire from "./gen/outboard/v1/provider.ts";
import type { ExternalSecretDataRemoteRef, ExternalSecretFind } from "./gen/provider/v1/secretstore.ts";
import { boundedMessage, knownCode } from "./status.ts";

const metadataPolicies = ["None", "Fetch"] as const;
const conversionStrategies = ["Default", "Unicode"] as const;
const decodingStrategies = ["Auto", "Base64", "Base64URL", "None"] as const;

/** A read as an item of outboard.v1.Provider/Read. */
export function toReadItem(read: Read): wire.ReadItem {
  if (read.op === "find") return { read: { $case: "find", value: toFind(read.find) } };
  return { read: { $case: read.op, value: toRemoteRef(read.ref) } };
}

/** A read from its item. Throws ProviderError: Unsupported (a read of a newer core), InvalidConfig. */
export function fromReadItem({ read }: wire.ReadItem): Read {
  switch (read?.$case) {
    case "get":
    case "map":
      return { op: read.$case, ref: fromRemoteRef(read.value) };
    case "find":
      return { op: "find", find: fromFind(read.value) };
    default:
      throw new ProviderError("Unsupported", "this provider does not know that kind of read");
  }
}

/** What a read gave, as a message. */
export function toReadOutcome(result: ReadResult): wire.ReadOutcome {
  if ("value" in result) return { outcome: { $case: "value", value: result.value } };
  if ("values" in result) return { outcome: { $case: "values", value: { secrets: new Map(result.values) } } };
  if ("deferred" in result) return { outcome: undefined };
  const { code, message, retryAfter = 0 } = result.error;
  const error = { code, message: boundedMessage(message), retryAfterMs: Math.ceil(retryAfter) };
  return { outcome: { $case: "error", value: error } };
}

/** What a read gave, from its message. */
export function fromReadOutcome({ outcome }: wire.ReadOutcome): ReadResult {
  switch (outcome?.$case) {
    case "value":
      return { value: outcome.value };
    case "values":
      return { values: outcome.value.secrets };
    case "error": {
      const { code, message, retryAfterMs } = outcome.value;
      const options = retryAfterMs > 0 ? { retryAfter: retryAfterMs } : {};
      return { error: new ProviderError(knownCode(code), boundedMessage(message), options) };
    }
    default:
      return { deferred: true };
  }
}

/** A remoteRef for provider.v1, which has no conversion strategy: converting is the caller's work. */
export function toDataRemoteRef(ref: RemoteRef): ExternalSecretDataRemoteRef {
  const { key, version, property, decodingStrategy, metadataPolicy } = toRemoteRef(ref);
  return { key, version, property, decodingStrategy, metadataPolicy };
}

/** A remoteRef from provider.v1. Throws ProviderError InvalidConfig. */
export function fromDataRemoteRef(ref: ExternalSecretDataRemoteRef | undefined): RemoteRef {
  if (ref === undefined) throw new ProviderError("InvalidConfig", "the request has no remoteRef");
  return fromRemoteRef({ ...ref, conversionStrategy: "" });
}

/** A find for provider.v1, which cannot tell an absent path from an empty one. */
export function toExternalSecretFind(find: Find): ExternalSecretFind {
  const { nameRegexp, path = "", tags, conversionStrategy, decodingStrategy } = toFind(find);
  return {
    path,
    name: nameRegexp === undefined ? undefined : { regexp: nameRegexp },
    tags,
    conversionStrategy,
    decodingStrategy,
  };
}

/** A find from provider.v1. Throws ProviderError InvalidConfig. */
export function fromExternalSecretFind(find: ExternalSecretFind | undefined): Find {
  if (find === undefined) throw new ProviderError("InvalidConfig", "the request has no find");
  return fromFind({ ...find, nameRegexp: find.name?.regexp, path: find.path || undefined });
}

function toRemoteRef(ref: RemoteRef): wire.RemoteRef {
  return {
    key: ref.key,
    property: ref.property ?? "",
    version: ref.version ?? "",
    metadataPolicy: ref.metadataPolicy ?? "",
    decodingStrategy: ref.decodingStrategy ?? "",
    conversionStrategy: ref.conversionStrategy ?? "",
  };
}

function fromRemoteRef(ref: wire.RemoteRef): RemoteRef {
  const metadataPolicy = choice("metadataPolicy", metadataPolicies, ref.metadataPolicy);
  return {
    key: ref.key,
    ...(ref.property !== "" && { property: ref.property }),
    ...(ref.version !== "" && { version: ref.version }),
    ...(metadataPolicy && { metadataPolicy }),
    ...strategies(ref),
  };
}

function toFind(find: Find): wire.Find {
  return {
    nameRegexp: find.name && (find.name.regexp ?? ""),
    path: find.path,
    tags: new Map(Object.entries(find.tags ?? {})),
    decodingStrategy: find.decodingStrategy ?? "",
    conversionStrategy: find.conversionStrategy ?? "",
  };
}

function fromFind(find: Omit<wire.Find, "nameRegexp"> & { readonly nameRegexp?: string | undefined }): Find {
  return {
    ...(find.nameRegexp !== undefined && { name: find.nameRegexp === "" ? {} : { regexp: find.nameRegexp } }),
    ...(find.path !== undefined && { path: find.path }),
    ...(find.tags.size > 0 && { tags: Object.fromEntries(find.tags) }),
    ...strategies(find),
  };
}

function strategies(from: { readonly decodingStrategy: string; readonly conversionStrategy: string }) {
  const decodingStrategy = choice("decodingStrategy", decodingStrategies, from.decodingStrategy);
  const conversionStrategy = choice("conversionStrategy", conversionStrategies, from.conversionStrategy);
  return { ...(decodingStrategy && { decodingStrategy }), ...(conversionStrategy && { conversionStrategy }) };
}

function choice<const T extends string>(field: string, choices: readonly T[], text: string): T | undefined {
  if (text === "") return undefined;
  const chosen = choices.find((candidate) => candidate === text);
  if (chosen !== undefined) return chosen;
  throw new ProviderError("InvalidConfig", `${field} ${JSON.stringify(text)} is not one of ${choices.join(", ")}`);
}
