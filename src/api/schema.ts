import { Type, type TSchema, type TUnsafe } from "typebox";
import { refKeyword, unbuiltKeyword, type ReferenceMark } from "./marks.ts";
import type { CAProvider, SecretKeySelector, ServiceAccountSelector } from "./provider.ts";

const subdomain = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const label = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

/** Kubernetes object name, RFC 1123 subdomain, 1 to 253 characters. */
export const objectName = (description?: string) =>
  Type.String({ minLength: 1, maxLength: 253, pattern: subdomain, ...(description && { description }) });
/** Kubernetes namespace, RFC 1123 label, 1 to 63 characters. */
export const namespaceName = (description?: string) =>
  Type.String({ minLength: 1, maxLength: 63, pattern: label, ...(description && { description }) });
/** Name of a kind as a CustomResourceDefinition may have it. */
export const kindName = (description?: string) =>
  Type.String({
    minLength: 1,
    maxLength: 63,
    pattern: "^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$",
    ...(description && { description }),
  });
/** Key of a Secret or ConfigMap. */
export const dataKey = (description?: string) =>
  Type.String({ minLength: 1, maxLength: 253, pattern: "^[-._a-zA-Z0-9]+$", ...(description && { description }) });

/** A string of a closed list, as structural schemas have it (`enum`, not `anyOf`). */
export function stringEnum<const T extends readonly string[]>(
  values: T,
  options: { description?: string; default?: T[number] } = {},
): TUnsafe<T[number]> {
  return Type.Unsafe<T[number]>({ type: "string", enum: [...values], ...options });
}

/** `map[string]string` (`additionalProperties`, which structural schemas have; TypeBox's Record is a pattern). */
export function stringMap(options: { description?: string } = {}): TUnsafe<Record<string, string>> {
  return Type.Unsafe<Record<string, string>>({ type: "object", additionalProperties: { type: "string" }, ...options });
}

/** An integer or a string (`x-kubernetes-int-or-string`). */
export function intOrString(options: { description?: string } = {}): TUnsafe<number | string> {
  return Type.Unsafe<number | string>({
    anyOf: [{ type: "integer" }, { type: "string" }],
    "x-kubernetes-int-or-string": true,
    ...options,
  });
}

/** ESO's SecretKeySelector, marked: core reads the key and hands it over. */
export function secretRef(options: { description?: string; defaultKey?: string } = {}): TUnsafe<SecretKeySelector> {
  const { defaultKey, ...rest } = options;
  return marked({ kind: "Secret", ...(defaultKey !== undefined && { defaultKey }) }, selectorSchema(rest));
}

/** The same shape, for a key of a ConfigMap. */
export function configMapRef(options: { description?: string; defaultKey?: string } = {}): TUnsafe<SecretKeySelector> {
  const { defaultKey, ...rest } = options;
  return marked({ kind: "ConfigMap", ...(defaultKey !== undefined && { defaultKey }) }, selectorSchema(rest));
}

/** ESO's ServiceAccountSelector, marked: core asks TokenRequest and hands the token over. */
export function serviceAccountRef(
  options: { description?: string } & Omit<ReferenceMark, "kind" | "defaultKey"> = {},
): TUnsafe<ServiceAccountSelector> {
  const { audiences, audiencesField, apiServerToken, ...rest } = options;
  const schema = Type.Object(
    {
      name: objectName("Name of the ServiceAccount."),
      namespace: Type.Optional(
        namespaceName("Namespace of the ServiceAccount; only a ClusterSecretStore may name one."),
      ),
      audiences: Type.Optional(Type.Array(Type.String(), { description: "Audiences of the requested token." })),
    },
    rest,
  );
  const mark = {
    kind: "ServiceAccount" as const,
    ...(audiences && { audiences }),
    ...(audiencesField && { audiencesField }),
    ...(apiServerToken && { apiServerToken }),
  };
  return marked(mark, schema);
}

/** ESO's CAProvider, marked: core reads the bundle from a Secret or a ConfigMap. */
export function caProvider(options: { description?: string } = {}): TUnsafe<CAProvider> {
  const schema = Type.Object(
    {
      type: stringEnum(["Secret", "ConfigMap"], { description: "What holds the bundle." }),
      name: objectName("Name of the Secret or ConfigMap."),
      key: Type.Optional(dataKey("Key that holds the bundle; ca.crt when empty.")),
      namespace: Type.Optional(namespaceName("Namespace of it; only a ClusterSecretStore may name one.")),
    },
    options,
  );
  return marked({ kind: "CAProvider", defaultKey: "ca.crt" }, schema);
}

/** Marks a field of ESO's that is in the schema but not built: set, it is InvalidConfig naming the field. */
export function unbuilt<T extends TSchema>(schema: T): T {
  // TypeBox keeps "optional" in a property that a spread would lose.
  const copy: T = Object.create(null, Object.getOwnPropertyDescriptors(schema));
  return Object.assign(copy, { [unbuiltKeyword]: true });
}

function selectorSchema(options: { description?: string }): TSchema {
  return Type.Object(
    {
      name: Type.Optional(objectName("Name of the object.")),
      namespace: Type.Optional(namespaceName("Namespace of the object; only a ClusterSecretStore may name one.")),
      key: Type.Optional(dataKey("Key within the object.")),
    },
    options,
  );
}

function marked<T>(mark: ReferenceMark, schema: TSchema): TUnsafe<T> {
  return Type.Unsafe<T>({ ...schema, [refKeyword]: mark });
}
