import type { ObjectMeta, SecretObject } from "../objects.ts";
import type { ApiObject } from "./api-object.ts";
import type { Selection } from "./list.ts";
import { secretMetadata, wholeSecret } from "./objects.ts";
import { listPath, secretResource } from "./paths.ts";

/**
 * The two watches of Secrets: those with the managed label ("true") whole, since drift is told by their data, all others
 * as metadata. A label that is put on or taken off moves the Secret from one to the other.
 */
export interface SecretForms {
  /** Which of the two tells of the Secret. */
  readonly sourceOf: (metadata: ObjectMeta) => SecretSource;
  /** As the view holds it. */
  readonly convert: (object: ApiObject) => SecretObject;
  readonly selection: (source: SecretSource, namespace?: string) => Selection;
}

export type SecretSource = "managed" | "other";

export function secretForms(managedLabel: string): SecretForms {
  const isManaged = (labels: Readonly<Record<string, string>> = {}) => labels[managedLabel] === "true";
  return {
    sourceOf: ({ labels }) => (isManaged(labels) ? "managed" : "other"),
    convert: (object) => (isManaged(object.metadata.labels) ? wholeSecret(object) : secretMetadata(object)),
    selection: (source, namespace) => ({
      name: `${source} Secrets${namespace === undefined ? "" : ` of ${namespace}`}`,
      path: listPath(secretResource, namespace),
      labelSelector: `${managedLabel}${source === "managed" ? "=" : "!="}true`,
      form: source === "managed" ? "whole" : "metadata",
    }),
  };
}
