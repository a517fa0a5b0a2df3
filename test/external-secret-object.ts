import type { ExternalSecretSpec, ExternalSecretStatus } from "../src/api/kinds/external-secret.ts";
import type { ObjectMeta, SecretObject } from "../src/cluster/objects.ts";
import type { ExternalSecretObject } from "../src/core/kinds.ts";
import { metadataOf } from "./object-meta.ts";

// For tests of what is decided about an ExternalSecret: the objects that it is decided from.

/** Metadata of the ExternalSecret. */
export const meta: ObjectMeta = {
  ...metadataOf({ namespace: "team", name: "app" }),
  uid: "uid-1",
  generation: 3,
};

/** An ExternalSecret as a controller sees it. */
export function externalSecret(
  spec: ExternalSecretSpec,
  status: ExternalSecretStatus = {},
  metadata = meta,
): ExternalSecretObject {
  return { apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", metadata, spec, status };
}

/** Its target; without data as of a Secret that is in view by its metadata only. */
export function target(over: Partial<SecretObject>, metadata: Partial<ObjectMeta> = {}): SecretObject {
  return { metadata: { ...meta, ...metadata }, type: "Opaque", immutable: false, ...over };
}

/** Data of a Secret from text. */
export function dataOf(values: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));
}
