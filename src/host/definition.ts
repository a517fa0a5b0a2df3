import type { Provider } from "../api/provider.ts";

/** One key of `spec.provider` and what serves it. */
export interface StoreDefinition {
  readonly key: string;
  readonly provider: Provider;
  /** JSON Schema of the object under the key, with our marks: the provider's spec.ts. */
  readonly spec: object;
}

/** What a bundle's generated entry hands to the adapter: provider.yaml with its modules linked in. */
export interface ProviderDefinition {
  readonly name: string;
  readonly displayName: string;
  /** Version of the bundle, from package.json. */
  readonly version: string;
  readonly stores: readonly StoreDefinition[];
}
