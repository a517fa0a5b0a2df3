import type { Provider } from "../api/provider.ts";

/** A config kind: its objects hold, as `spec`, what stands under a key of `spec.provider` else. */
export interface ConfigKind {
  /** API group, say "provider.external-secrets.io". */
  readonly group: string;
  /** The version that its CustomResourceDefinition stores. */
  readonly version: string;
  readonly kind: string;
}

/** One key of `spec.provider` and what serves it. */
export interface StoreDefinition {
  readonly key: string;
  readonly provider: Provider;
  /** JSON Schema of the object under the key, with our marks: the provider's spec.ts. */
  readonly spec: object;
  /** Absent: only inline stores have it. */
  readonly kind?: ConfigKind;
}

/** What a bundle's generated entry hands to the adapter: provider.yaml with its modules linked in. */
export interface ProviderDefinition {
  readonly name: string;
  readonly displayName: string;
  /** Version of the bundle, from package.json. */
  readonly version: string;
  readonly stores: readonly StoreDefinition[];
}
