import type { Store } from "../api/provider.ts";
import type { StoreRef } from "./credentials/dependencies.ts";
import type { ClassRef } from "./kinds.ts";

/** How the provider of a store is found. */
export type Route =
  /** By what the store asks for: its inline key, or the kind of its config. */
  | { readonly by: "discovery" }
  | { readonly by: "class"; readonly ref: ClassRef }
  /** SERVICE.NAMESPACE.svc:PORT in the spec of a Provider or ClusterProvider. */
  | { readonly by: "address"; readonly address: string };

/** The config object that a store's spec is from. */
export interface ConfigSource {
  readonly apiVersion: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Whose namespace its references are read in: the config's own, or the caller's. */
  readonly scope: "ProviderNamespace" | "ManifestNamespace";
}

/** A store as core works with it, whatever kind of object a reference named; providers see the {@link Store} in it. */
export interface CoreStore extends Store {
  /** What the reference names, and whose status tells of it. */
  readonly ref: StoreRef;
  readonly route: Route;
  /** Who uses it; empty when a cluster store is looked at without a caller. */
  readonly callerNamespace: string;
  /** Absent: the spec stands in the store itself. */
  readonly config?: ConfigSource;
}
