import { keyId, type ObjectKey } from "../cluster/cluster.ts";
import { approvalOf, offerOf, type Offer } from "./resolve/offer.ts";
import type { Serves } from "./resolve/serves.ts";
import { namespaceWorld, type ResolveWorld } from "./resolve/world.ts";

/** Milliseconds in which a Service has one event at most, and for which one counts as new at start. */
const eventPause = 10 * 60_000;

/** What was last seen of a Service, and said of it. */
interface Known {
  readonly offer: string;
  readonly serves: Serves;
}

/** Which Services are providers now, for whom; each decision is told on the Service. */
export class OfferNews {
  readonly #world: Pick<ResolveWorld, "cluster" | "services" | "systemNamespace">;
  readonly #now: () => number;
  readonly #known = new Map<string, Known>();
  readonly #toldAt = new Map<string, number>();

  constructor(world: Pick<ResolveWorld, "cluster" | "services" | "systemNamespace">, now: () => number) {
    this.#world = world;
    this.#now = now;
  }

  /** The Services there are when core starts; of old ones it was told before. */
  start(): void {
    for (const { metadata } of this.#world.services.services()) {
      const isNew = this.#now() - Date.parse(metadata.creationTimestamp) < eventPause;
      this.#look(metadata, isNew);
    }
  }

  /** A Service, or what decides on it, may have changed. What it serves now or served before; undefined: nothing is new. */
  seen(key: ObjectKey): Serves | undefined {
    return this.#look(key, true);
  }

  /** The Services of a namespace that were seen. */
  ofNamespace(namespace: string): readonly ObjectKey[] {
    return this.#world.services
      .services()
      .filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ metadata: { name } }) => ({ namespace, name }));
  }

  #look(key: ObjectKey, tell: boolean): Serves | undefined {
    const id = keyId(key);
    const service = this.#world.services.service(key);
    const before = this.#known.get(id);
    if (service === undefined) {
      this.#known.delete(id);
      return before?.serves;
    }
    const offer = offerOf(service, namespaceWorld(this.#world, key.namespace));
    // What leads to it counts too: its type, its ports, how it is dialled.
    const text = JSON.stringify([
      offer,
      [...offer.serves.keys],
      [...offer.serves.kinds],
      service.metadata.uid,
      service.metadata.annotations,
      service.clusterIPs,
      service.ports,
    ]);
    if (before?.offer === text) return undefined;
    this.#known.set(id, { offer: text, serves: offer.serves });
    if (tell) this.#tell(id, offer);
    return {
      keys: new Set([...(before?.serves.keys ?? []), ...offer.serves.keys]),
      kinds: new Set([...(before?.serves.kinds ?? []), ...offer.serves.kinds]),
    };
  }

  #tell(id: string, offer: Offer): void {
    const now = this.#now();
    for (const [other, at] of this.#toldAt) if (now - at >= eventPause) this.#toldAt.delete(other);
    if (this.#toldAt.has(id)) return;
    this.#toldAt.set(id, now);
    const { approved, message } = approvalOf(offer);
    this.#world.services.serviceEvent(offer.service, {
      type: approved ? "Normal" : "Warning",
      reason: approved ? "ProviderApproved" : "ProviderNotApproved",
      message,
    });
  }
}
