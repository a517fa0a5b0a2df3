import type { OwnerReference } from "../../cluster/objects.ts";
import { appendToken } from "../../api/structural.ts";
import type { Problem } from "./problem.ts";

/** The metadata that users and controllers write. */
export interface WrittenMetadata {
  readonly name: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^([A-Za-z0-9][-\w.]*)?[A-Za-z0-9]$/;
const annotationsLimit = 256 * 1024;

/** Kubernetes' rules for names, labels, annotations and owner references of a kind, named as `kindId` does; no problems: it would be taken. */
export function metadataProblems(kind: string, metadata: WrittenMetadata): readonly Problem[] {
  return [
    ...nameProblems(kind, metadata.name),
    ...namespaceProblems(metadata.namespace),
    ...Object.entries(metadata.labels).flatMap(([key, value]) => [
      ...keyProblems("labels", key),
      ...labelValueProblems(key, value),
    ]),
    ...Object.keys(metadata.annotations).flatMap((key) => keyProblems("annotations", key)),
    ...annotationSizeProblems(metadata.annotations),
    ...ownerProblems(metadata.ownerReferences ?? []),
  ];
}

function nameProblems(kind: string, name: string): readonly Problem[] {
  const pointer = "/metadata/name";
  if (name === "") return [{ pointer, message: "is required" }];
  if (kind === "Namespace") return dnsLabelProblems(pointer, name);
  return name.length <= 253 && subdomain.test(name)
    ? []
    : [
        {
          pointer,
          message: "must be a DNS subdomain: lower case letters, digits, '-' and '.', at most 253 characters",
        },
      ];
}

function namespaceProblems(namespace: string): readonly Problem[] {
  return namespace === "" ? [] : dnsLabelProblems("/metadata/namespace", namespace);
}

function dnsLabelProblems(pointer: string, name: string): readonly Problem[] {
  return name.length <= 63 && dnsLabel.test(name)
    ? []
    : [{ pointer, message: "must be a DNS label: lower case letters, digits and '-', at most 63 characters" }];
}

function keyProblems(field: "labels" | "annotations", key: string): readonly Problem[] {
  const slash = key.indexOf("/");
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  const prefixFits = slash < 0 || (prefix.length <= 253 && subdomain.test(prefix));
  if (prefixFits && name.length <= 63 && qualifiedName.test(name)) return [];
  const message =
    "must be NAME or DNS-SUBDOMAIN/NAME, the name of letters, digits, '-', '_', '.', at most 63 characters";
  return [{ pointer: appendToken(`/metadata/${field}`, key), message }];
}

function labelValueProblems(key: string, value: string): readonly Problem[] {
  if (value === "" || (value.length <= 63 && qualifiedName.test(value))) return [];
  const message =
    "a label's value must be letters, digits, '-', '_', '.', begin and end with a letter or digit, at most 63 characters";
  return [{ pointer: appendToken("/metadata/labels", key), message }];
}

function annotationSizeProblems(annotations: Readonly<Record<string, string>>): readonly Problem[] {
  const size = Object.entries(annotations).reduce((sum, entry) => sum + Buffer.byteLength(entry.join("")), 0);
  return size <= annotationsLimit
    ? []
    : [
        {
          pointer: "/metadata/annotations",
          message: `must be at most ${annotationsLimit} bytes together, are ${size}`,
        },
      ];
}

function ownerProblems(owners: readonly OwnerReference[]): readonly Problem[] {
  const incomplete = owners.flatMap((owner, index) =>
    [owner.apiVersion, owner.kind, owner.name, owner.uid].includes("")
      ? [{ pointer: `/metadata/ownerReferences/${index}`, message: "needs apiVersion, kind, name and uid" }]
      : [],
  );
  const controllers = owners.filter((owner) => owner.controller === true).length;
  return controllers <= 1
    ? incomplete
    : [...incomplete, { pointer: "/metadata/ownerReferences", message: "only one may have `controller: true`" }];
}
