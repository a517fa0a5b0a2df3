import { ProviderError } from "../../../api/errors.ts";
import type { ExternalSecretData, ExternalSecretDataFrom, SecretStoreRef } from "../../../api/kinds/external-secret.ts";
import { clusterProvider } from "../../../api/kinds/cluster-provider.ts";
import { clusterSecretStore } from "../../../api/kinds/cluster-secret-store.ts";
import { secretStore } from "../../../api/kinds/secret-store.ts";
import type { Read } from "../../../api/provider.ts";
import { followedKindId } from "../../../cluster/followed-kinds.ts";
import { groupOf } from "../../../cluster/objects.ts";
import type { StoreRef } from "../../credentials/dependencies.ts";
import type { ExternalSecretObject } from "../../kinds.ts";

/** One entry of `spec.data` or `spec.dataFrom`: what is read for it, and from which store. */
export type Source = {
  /** Index in its list. */
  readonly index: number;
  readonly store: StoreRef;
  readonly read: Read;
} & (
  | { readonly from: "data"; readonly entry: ExternalSecretData }
  | { readonly from: "extract"; readonly entry: NonNullable<ExternalSecretDataFrom["extract"]> }
  | { readonly from: "find"; readonly entry: NonNullable<ExternalSecretDataFrom["find"]> }
);

/** What an ExternalSecret reads, in the order in which it counts: dataFrom, then data. */
export function sourcesOf({ metadata, spec }: ExternalSecretObject): readonly Source[] {
  const storeOf = (ref: SecretStoreRef | undefined) => storeRef(ref ?? spec.secretStoreRef, metadata.namespace);
  const sources: Source[] = [];
  for (const [index, { find, extract, sourceRef }] of (spec.dataFrom ?? []).entries()) {
    const store = storeOf(sourceRef?.storeRef);
    if (find) sources.push({ from: "find", entry: find, index, store, read: { op: "find", find } });
    else if (extract) {
      sources.push({ from: "extract", entry: extract, index, store, read: { op: "map", ref: extract } });
    }
  }
  for (const [index, entry] of (spec.data ?? []).entries()) {
    const store = storeOf(entry.sourceRef?.storeRef);
    sources.push({ from: "data", entry, index, store, read: { op: "get", ref: entry.remoteRef } });
  }
  return sources;
}

/** Every store that an ExternalSecret names, once. */
export function storesOf(object: ExternalSecretObject): readonly StoreRef[] {
  const named = object.spec.secretStoreRef?.name
    ? [storeRef(object.spec.secretStoreRef, object.metadata.namespace)]
    : [];
  const stores = new Map<string, StoreRef>();
  for (const ref of [...named, ...sourcesOf(object).map(({ store }) => store)])
    stores.set(`${ref.kind}/${ref.name}`, ref);
  return [...stores.values()];
}

/** The error of one entry, with ESO's words for where it is. */
export function atSource(source: Source, thrown: unknown): ProviderError {
  const error = ProviderError.from(thrown);
  const place =
    source.from === "data"
      ? `spec.data[${source.index}] (key: ${source.entry.remoteRef.key})`
      : `spec.dataFrom[${source.index}].${source.from}`;
  return new ProviderError(error.code, `error processing ${place}, err: ${error.message}`, {
    cause: error,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
  });
}

function storeRef(ref: SecretStoreRef | undefined, namespace: string): StoreRef {
  const { apiVersion = "", kind = "", name = "" } = ref ?? {};
  const group = groupOf(apiVersion);
  if (group !== "" && group !== groupOf(secretStore.apiVersion)) {
    return { kind: followedKindId({ kind, group }), namespace, name };
  }
  const own = kind || secretStore.kind;
  const isOfCluster = own === clusterSecretStore.kind || own === clusterProvider.kind;
  return { kind: own, namespace: isOfCluster ? "" : namespace, name };
}
