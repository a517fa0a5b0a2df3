import { ProviderError } from "../api/errors.ts";
import type { SecretKeySelector, ServiceAccountSelector } from "../api/provider.ts";
import type { FoundReference } from "../api/references.ts";

/** Which namespaces a store's references may resolve in. */
export interface Scope {
  /** The store's own; empty for a cluster store. */
  readonly storeNamespace: string;
  /** Namespace of the ExternalSecret or PushSecret; empty when there is none. */
  readonly callerNamespace: string;
}

/** A reference that is set in a store's spec, with the object that it means. */
export interface Declared {
  /** JSON Pointer from the root of the store's spec. */
  readonly pointer: string;
  readonly kind: "Secret" | "ConfigMap" | "ServiceAccount";
  readonly namespace: string;
  readonly name: string;
  /** The key that the user named, else the mark's; of a ServiceAccount: none. */
  readonly key: string | undefined;
  readonly keyIsDefault: boolean;
}

/**
 * Where a reference is read. A namespaced store never reads a foreign namespace, whatever the selector says; a cluster
 * store reads where the selector says, else where the caller is (referent authentication).
 */
export function effectiveNamespace(scope: Scope, selectorNamespace: string | undefined): string {
  if (scope.storeNamespace !== "") return scope.storeNamespace;
  return selectorNamespace || scope.callerNamespace;
}

/** Whether what `reference` means depends on the caller: it names no namespace in a cluster store. */
export function isReferent(scope: Pick<Scope, "storeNamespace">, reference: FoundReference): boolean {
  return scope.storeNamespace === "" && text(reference.selector["namespace"]) === undefined;
}

/** The objects that the references of a checked spec mean for one caller. */
export function declare(references: readonly FoundReference[], scope: Scope): readonly Declared[] {
  return references.map(({ pointer, reference, selector }) => {
    const key = text(selector["key"]);
    return {
      pointer,
      kind: reference.kind === "CAProvider" ? caKind(selector) : reference.kind,
      namespace: effectiveNamespace(scope, text(selector["namespace"])),
      name: text(selector["name"]) ?? "",
      key: key ?? reference.defaultKey,
      keyIsDefault: key === undefined,
    };
  });
}

/**
 * Those of `declared` that `ref` means, as it stands in the spec. Throws ProviderError InvalidConfig when there is none,
 * naming the reference.
 */
export function match(
  declared: readonly Declared[],
  scope: Scope,
  kind: Declared["kind"],
  ref: SecretKeySelector | ServiceAccountSelector,
): readonly [Declared, ...Declared[]] {
  const namespace = effectiveNamespace(scope, ref.namespace);
  const key = "key" in ref ? ref.key || undefined : undefined;
  const [first, ...others] = declared.filter(
    (candidate) =>
      candidate.kind === kind &&
      candidate.namespace === namespace &&
      candidate.name === ref.name &&
      (key === undefined ? candidate.keyIsDefault : candidate.key === key),
  );
  const what = `${kind} ${JSON.stringify(ref.name ?? "")}${key === undefined ? "" : ` (key ${JSON.stringify(key)})`}`;
  if (first === undefined) throw invalid(`${what} is not a reference of this store's spec`);
  if (namespace === "") {
    throw invalid(`${first.pointer}: ${what} names no namespace, and there is no caller whose namespace it could mean`);
  }
  return [first, ...others];
}

/** The key that a reference reads. Throws ProviderError InvalidConfig when neither user nor provider names one. */
export function keyOf(declared: Declared): string {
  if (declared.key !== undefined) return declared.key;
  throw invalid(`${declared.pointer}: key must be set`);
}

function caKind(selector: FoundReference["selector"]): "Secret" | "ConfigMap" {
  return selector["type"] === "ConfigMap" ? "ConfigMap" : "Secret";
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function invalid(message: string): ProviderError {
  return new ProviderError("InvalidConfig", message);
}
