import type { Resolver } from "../core/resolve/endpoint.ts";
import { inlineKey } from "../core/resolve/inline-key.ts";
import { ResolutionError } from "../core/resolve/resolution-error.ts";
import { escapeControl } from "../api/escape.ts";
import type { CertificateSource } from "../wire/certificates.ts";
import type { BundleManifest } from "./bundle-manifest.ts";
import { serverName } from "./run-keys.ts";
import type { ProcessState } from "./supervisor.ts";

/** What {@link createLocalResolver} needs. */
export interface LocalResolverOptions {
  readonly manifest: BundleManifest;
  /** What core proves itself with. */
  readonly certificates: CertificateSource;
  /** Where the process of the provider that serves a key stands. */
  state(key: string): ProcessState | undefined;
}

/** The key of a store's provider -> the loopback port of the child that serves it. */
export function createLocalResolver(options: LocalResolverOptions): Resolver {
  return {
    endpoint: (store) => {
      const key = inlineKey(store);
      if (store.route.by !== "discovery") throw new ResolutionError("ProviderNotFound", forClusters[store.route.by]);
      const bundle = options.manifest.bundles.get(key);
      if (bundle === undefined) throw new ResolutionError("ProviderNotFound", unknownKey(key, options.manifest));
      const state = options.state(key);
      if (state?.phase === "running") {
        return {
          addresses: [`127.0.0.1:${state.port}`],
          serverName: serverName(bundle.name),
          trust: "local",
          certificates: options.certificates,
        };
      }
      const reason = state?.phase === "failed" ? state.reason : `provider ${bundle.name} is starting`;
      throw new ResolutionError("ProviderUnavailable", reason);
    },
  };
}

const forClusters = {
  class:
    "spec.runtimeRef names a class, and classes are for clusters: local mode runs the provider itself; remove it here",
  address:
    "spec.address names a Service, and those are in clusters: local mode runs the provider itself; remove it here",
} as const;

function unknownKey(key: string, manifest: BundleManifest): string {
  const served = [...manifest.bundles.keys()].sort().join(", ");
  return `no provider serves spec.provider.${escapeControl(key)}: the bundles at hand serve ${served || "nothing"}`;
}
