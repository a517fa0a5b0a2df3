import type { Operation, StoreCapabilities } from "../api/provider.ts";
import type { Reference } from "../api/references.ts";
import type * as wire from "./gen/outboard/v1/provider.ts";
import { SecretStoreCapabilities } from "./gen/provider/v1/secretstore.ts";
import { limits } from "./limits.ts";

/** The revision of proto/outboard that this code speaks. */
export const protocolRevision = 1;

/** One inline key that a peer serves. */
export interface ServedKey {
  readonly key: string;
  readonly operations: readonly Operation[];
  readonly references: readonly Reference[];
  readonly sharesClients: boolean;
}

/** What a peer says of itself, once per connection. */
export interface Description {
  readonly name: string;
  readonly version: string;
  readonly keys: readonly ServedKey[];
  /** See `identify` of certificates.ts; empty when the peer cannot say. */
  readonly trustBundleDigest: Uint8Array;
  /** Serial of the leaf in use, upper-case hex; empty when the peer cannot say. */
  readonly leafSerial: string;
}

/** A description as DescribeResponse; revision and limits are this code's. */
export function toDescribeResponse(description: Description): wire.DescribeResponse {
  return {
    protocolMin: protocolRevision,
    protocolMax: protocolRevision,
    name: description.name,
    version: description.version,
    keys: description.keys.map(toServedKey),
    kinds: [],
    generators: [],
    limits: {
      maxRequestBytes: limits.requestBytes,
      maxResponseBytes: limits.responseBytes,
      maxReads: limits.reads,
      readBudgetBytes: limits.readBudgetBytes,
    },
    trustBundleDigest: description.trustBundleDigest,
    leafSerial: description.leafSerial,
  };
}

/**
 * A description from DescribeResponse. What a newer peer says and this code has no word for is left out. Undefined when
 * the peer speaks no revision that this code speaks.
 */
export function fromDescribeResponse(response: wire.DescribeResponse): Description | undefined {
  const { protocolMin, protocolMax, name, version, trustBundleDigest, leafSerial } = response;
  if (protocolMin > protocolRevision || protocolMax < protocolRevision) return undefined;
  return { name, version, keys: response.keys.map(fromServedKey), trustBundleDigest, leafSerial };
}

/** ESO's capabilities as provider.v1 has them. */
export function toCapabilities(capabilities: StoreCapabilities): SecretStoreCapabilities {
  if (capabilities === "ReadWrite") return SecretStoreCapabilities.READ_WRITE;
  return capabilities === "WriteOnly" ? SecretStoreCapabilities.WRITE_ONLY : SecretStoreCapabilities.READ_ONLY;
}

/** ESO's capabilities from provider.v1, whose zero and whose unknown values mean ReadOnly. */
export function fromCapabilities(capabilities: SecretStoreCapabilities): StoreCapabilities {
  if (capabilities === SecretStoreCapabilities.READ_WRITE) return "ReadWrite";
  return capabilities === SecretStoreCapabilities.WRITE_ONLY ? "WriteOnly" : "ReadOnly";
}

const knownOperations: readonly Operation[] = ["get", "map", "find", "push", "delete", "exists"];
const referenceKinds: readonly Reference["kind"][] = ["Secret", "ConfigMap", "ServiceAccount", "CAProvider"];

function toServedKey({ key, operations, references, sharesClients }: ServedKey): wire.ServedKey {
  return { key, operations: [...operations], references: references.map(toReference), sharesClients };
}

function fromServedKey({ key, operations, references, sharesClients }: wire.ServedKey): ServedKey {
  return {
    key,
    operations: knownOperations.filter((operation) => operations.includes(operation)),
    references: references.flatMap(fromReference),
    sharesClients,
  };
}

function toReference({ path, kind, defaultKey, audiences, apiServerToken }: Reference): wire.Reference {
  return {
    path,
    kind,
    defaultKey: defaultKey ?? "",
    audiences: [...(audiences ?? [])],
    apiServerToken: apiServerToken ?? false,
  };
}

function fromReference({
  path,
  kind: text,
  defaultKey,
  audiences,
  apiServerToken,
}: wire.Reference): readonly Reference[] {
  const kind = referenceKinds.find((candidate) => candidate === text);
  if (kind === undefined) return [];
  return [
    {
      path,
      kind,
      ...(defaultKey !== "" && { defaultKey }),
      ...(audiences.length > 0 && { audiences }),
      ...(apiServerToken && { apiServerToken }),
    },
  ];
}
