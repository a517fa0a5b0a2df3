import type { Kind } from "../objects.ts";
import type { ObjectKey } from "../cluster.ts";

/** A kind and the last part of its path: "externalsecrets". */
export interface Resource extends Kind {
  readonly plural: string;
}

export const secretResource: Resource = { apiVersion: "v1", kind: "Secret", namespaced: true, plural: "secrets" };
export const configMapResource: Resource = {
  apiVersion: "v1",
  kind: "ConfigMap",
  namespaced: true,
  plural: "configmaps",
};
export const accountResource: Resource = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  namespaced: true,
  plural: "serviceaccounts",
};
export const namespaceResource: Resource = {
  apiVersion: "v1",
  kind: "Namespace",
  namespaced: false,
  plural: "namespaces",
};
export const serviceResource: Resource = { apiVersion: "v1", kind: "Service", namespaced: true, plural: "services" };
export const eventResource: Resource = { apiVersion: "v1", kind: "Event", namespaced: true, plural: "events" };
export const sliceResource: Resource = {
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  namespaced: true,
  plural: "endpointslices",
};
export const definitionResource: Resource = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  namespaced: false,
  plural: "customresourcedefinitions",
};

/** Path of all objects of a kind, or of those of a namespace. */
export function listPath({ apiVersion, plural }: Resource, namespace?: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return namespace ? `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}` : `${root}/${plural}`;
}

/** Path of one object, or of its `subresource`. */
export function objectPath(resource: Resource, { namespace, name }: ObjectKey, subresource?: string): string {
  const path = `${listPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `path` with the parameters that are given. */
export function withQuery(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** "Secret team/app", as messages have it. */
export function placeOf({ kind }: Kind, { namespace, name }: ObjectKey): string {
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
