import type { Cluster } from "../../cluster/cluster.ts";
import type { ServiceObject, Services } from "../../cluster/services.ts";
import type { ReadCertificates } from "./class-certificates.ts";
import type { MountedCertificates } from "./mounted-certificates.ts";
import { isOfAdministrator, offerOf, type Offer, type OfferWorld } from "./offer.ts";
import type { ResolveTable } from "./resolve-flag.ts";

/** What providers are found in. */
export interface ResolveWorld {
  readonly cluster: Pick<Cluster, "get" | "namespace">;
  readonly services: Services;
  /** What every labelled Service offers. */
  readonly offers: () => readonly Offer[];
  /** Namespace that Outboard runs in. */
  readonly systemNamespace: string;
  /** Values of `--resolve`. */
  readonly resolve: ResolveTable;
  /** Values of `--allow-address`, "vault.example.com:8443". */
  readonly allowedAddresses: ReadonlySet<string>;
  /** For classes that name a Secret. */
  readonly readCertificates: ReadCertificates;
  /** For what names none, and leads to a Service. */
  readonly mounted: Pick<MountedCertificates, "current" | "subscribe">;
}

/** What decides on the Services of a namespace. */
export function namespaceWorld(
  { cluster, systemNamespace }: Pick<ResolveWorld, "cluster" | "systemNamespace">,
  namespace: string,
): OfferWorld {
  return { systemNamespace, namespaceLabels: cluster.namespace(namespace)?.labels ?? {} };
}

/** A world of these parts. */
export function createResolveWorld(parts: Omit<ResolveWorld, "offers">): ResolveWorld {
  return { ...parts, offers: createOffers(parts) };
}

/**
 * What every labelled Service offers. Asked for at each call of a provider, so an unchanged Service is not looked at again:
 * views give the same object until it changes.
 */
function createOffers(world: Pick<ResolveWorld, "cluster" | "systemNamespace" | "services">): () => readonly Offer[] {
  const known = new WeakMap<ServiceObject, { readonly approved: boolean; readonly offer: Offer }>();
  return () =>
    world.services.services().map((service) => {
      const deciding = namespaceWorld(world, service.metadata.namespace);
      const approved = isOfAdministrator(service.metadata.namespace, deciding);
      const held = known.get(service);
      if (held?.approved === approved) return held.offer;
      const offer = offerOf(service, deciding);
      known.set(service, { approved, offer });
      return offer;
    });
}
