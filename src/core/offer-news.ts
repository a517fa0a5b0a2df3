import type { Clock } from "../cluster/clock.ts";
import { keyId, type ObjectKey } from "../cluster/cluster.ts";
import { Paced } from "./paced.ts";
import { approvalOf, offerOf } from "./resolve/offer.ts";
import type { Serves } from "./resolve/serves.ts";
import { namespaceWorld, type ResolveWorld } from "./resolve/world.ts";

/** Milliseconds in which a Service has one event at most, and for which one counts as new at start. */
const eventPause = 10 * 60_000;

/** What was last seen of a Service. */
interface Known {
  readonly key: ObjectKey;
  readonly offer: string;
  readonly serves: Serves;
}

/** Which Services are providers now, for whom; each decision is told on the Service, the latest one in the end. */
export class OfferNews {
  readonly #world: Pick<ResolveWorld, "cluster" | "services" | "systemNamespace">;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  /** What the last event of a Service said, and of which UID. */
  readonly #told = new Map<string, string>();
  readonly #events: Paced;

  constructor(world: Pick<ResolveWorld, "cluster" | "services" | "systemNamespace">, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
    this.#events = new Paced(eventPause, clock, (id) => this.#tell(id));
  }

  /** The Services there are when core starts; of old ones it was told before. */
  start(): void {
    for (const { metadata } of this.#world.services.services()) {
      const isNew = this.#clock.now() - Date.parse(metadata.creationTimestamp) < eventPause;
      this.#look(metadata, isNew);
    }
  }

  /** A Service, or what decides on it, may have changed. What it serves now or served before; undefined: nothing is new. */
  seen(key: ObjectKey): Serves | undefined {
    return this.#look(key, true);
  }

  /** Tells nothing more. */
  stop(): void {
    this.#events.close();
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
      this.#told.delete(id);
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
    this.#known.set(id, { key, offer: text, serves: offer.serves });
    if (tell) this.#events.tell(id);
    return {
      keys: new Set([...(before?.serves.keys ?? []), ...offer.serves.keys]),
      kinds: new Set([...(before?.serves.kinds ?? []), ...offer.serves.kinds]),
    };
  }

  #tell(id: string): void {
    const { key } = this.#known.get(id) ?? {};
    const service = key && this.#world.services.service(key);
    if (service === undefined) return;
    const offer = offerOf(service, namespaceWorld(this.#world, service.metadata.namespace));
    const { approved, message } = approvalOf(offer);
    const told = `${service.metadata.uid} ${message}`;
    if (this.#told.get(id) === told) return;
    this.#told.set(id, told);
    this.#world.services.serviceEvent(offer.service, {
      type: approved ? "Normal" : "Warning",
      reason: approved ? "ProviderApproved" : "ProviderNotApproved",
      message,
    });
  }
}
