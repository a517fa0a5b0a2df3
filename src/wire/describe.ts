import type { Operation, StoreCapabilities } from "../api/provider.ts";
import { referenceKinds } from "../api/marks.ts";
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

/** One config kind that a peer serves. */
export interface ServedKind {
  /** API group, say "provider.external-secrets.io". */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly operations: readonly Operation[];
  readonly references: readonly Reference[];
}

/** What a peer says of itself, once per connection. */
export interface Description {
  readonly name: string;
  readonly version: string;
  readonly keys: readonly ServedKey[];
  readonly kinds: readonly ServedKind[];
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
    kinds: description.kinds.map(toServedKind),
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
  const keys = response.keys.map(fromServedKey);
  const kinds = response.kinds.map(fromServedKind);
  return { name, version, keys, kinds, trustBundleDigest, leafSerial };
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

function toServedKey({ key, operations, references, sharesClients }: ServedKey): wire.ServedKey {
  return { key, operations: [...operations], references: references.map(toReference), sharesClients };
}

function fromServedKey({ key, operations, references, sharesClients }: wire.ServedKey): ServedKey {
  return { key, operations: known(operations), references: references.flatMap(fromReference), sharesClients };
}

function toServedKind({ group, version, kind, operations, references }: ServedKind): wire.ServedKind {
  return { group, version, kind, operations: [...operations], references: references.map(toReference) };
}

function fromServedKind({ group, version, kind, operations, references }: wire.ServedKind): ServedKind {
  return { group, version, kind, operations: known(operations), references: references.flatMap(fromReference) };
}

function known(operations: readonly string[]): readonly Operation[] {
  return knownOperations.filter((operation) => operations.includes(operation));
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
