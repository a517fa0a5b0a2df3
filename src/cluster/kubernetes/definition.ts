import type { FollowedKind } from "../followed-kinds.ts";
import { isRecord, textOf, type ApiObject } from "./api-object.ts";
import { metadataObject, type MetadataObject } from "./objects.ts";

/** A CustomResourceDefinition, as much of it as following its kind takes. */
export interface Definition extends MetadataObject {
  /** Absent while the API server does not serve the kind yet, and where `unfit` says that it cannot be followed. */
  readonly kind?: FollowedKind;
  readonly unfit?: string;
}

/** Reads an object of apiextensions.k8s.io/v1. */
export function definitionOf(object: ApiObject): Definition {
  const held = metadataObject(object);
  const { spec, status, metadata } = object;
  if (!isRecord(spec) || !isRecord(spec["names"])) return { ...held, unfit: "it has no spec" };
  if (spec["scope"] !== "Namespaced") return { ...held, unfit: "its objects are in no namespace" };
  const served = versionsOf(spec["versions"]).filter((version) => version["served"] === true);
  // What is stored is read without conversion; a version that is no longer served can only be read as another.
  const read = served.find((version) => version["storage"] === true) ?? served[0];
  if (read === undefined) return { ...held, unfit: "no version of it is served" };
  if (!isEstablished(status)) return held;
  const group = textOf(spec["group"]);
  return {
    ...held,
    kind: {
      apiVersion: `${group}/${textOf(read["name"])}`,
      kind: textOf(spec["names"]["kind"]),
      namespaced: true,
      group,
      plural: textOf(spec["names"]["plural"]),
      servedVersions: served.map((version) => textOf(version["name"])),
      hasStatus: isRecord(read["subresources"]) && isRecord(read["subresources"]["status"]),
      annotations: metadata.annotations ?? {},
    },
  };
}

function versionsOf(versions: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(versions) ? versions.filter(isRecord) : [];
}

function isEstablished(status: unknown): boolean {
  const conditions: unknown = isRecord(status) ? status["conditions"] : undefined;
  return (
    Array.isArray(conditions) &&
    conditions.filter(isRecord).some(({ type, status }) => type === "Established" && status === "True")
  );
}
