import { ProviderError } from "../../api/errors.ts";
import { ClusterError } from "../../cluster/cluster.ts";
import { followedKindId } from "../../cluster/followed-kinds.ts";
import { getProviderClass, type ClassRef, type ProviderClassObject } from "../kinds.ts";
import { letsIn } from "../namespace-conditions.ts";
import type { CoreStore } from "../store.ts";
import { addressTarget, targetHost, targetService, type Target } from "./address-target.ts";
import { serviceOf } from "./address.ts";
import { classRefusal, namespaceInQuestion } from "./approvals.ts";
import { chooseOffer, type Choice } from "./choose-offer.ts";
import type { ClassCertificates } from "./class-certificates.ts";
import { className, mountedTrust, useClass } from "./classes.ts";
import type { Resolver } from "./endpoint.ts";
import { inlineKey } from "./inline-key.ts";
import { LookupError, type Lookup } from "./lookup.ts";
import { podAddresses, type IsPodAddress } from "./pod-addresses.ts";
import { ResolutionError } from "./resolution-error.ts";
import type { Wanted } from "./serves.ts";
import { clusterAddresses, dialsService, podAddressesOf } from "./service-addresses.ts";
import type { ResolveWorld } from "./world.ts";

/** What {@link createResolver} takes. */
export interface ResolverOptions extends ResolveWorld {
  /** For targets that are no Service's. */
  readonly lookup: Lookup;
}

/** Where a store's provider is, before anything is dialled. */
export interface Destination {
  readonly target: Target;
  readonly trust: string;
  readonly certificates: ClassCertificates;
}

/** Finds providers: by what the store asks for, through the class that it names, or at its Provider's address. */
export function createResolver(options: ResolverOptions): Resolver {
  const isPodAddress = podAddresses();
  return {
    async endpoint(store, signal) {
      const { target, trust, certificates } = await destinationOf(store, options, signal);
      const addresses = await addressesOf(target, options, isPodAddress, signal);
      return { addresses, serverName: targetHost(target), trust, certificates: certificates.source };
    },
  };
}

/** The plan of it: who serves a store for its caller. Rejects with ProviderError, as Resolver.endpoint. */
export async function destinationOf(store: CoreStore, world: ResolveWorld, signal: AbortSignal): Promise<Destination> {
  const { route } = store;
  // One key and no other: it also says what the peer must serve.
  inlineKey(store);
  if (route.by === "class") return throughClass(route.ref, store, world, signal);
  const target = route.by === "address" ? ownTarget(route.address, store, world) : discovered(store, world);
  if (serviceOf(targetHost(target)) === undefined) throw new ResolutionError("CertificateInvalid", noCertificates);
  return { target, trust: mountedTrust, certificates: world.mounted.current() };
}

const noCertificates =
  "spec.address names no Service of the cluster, for which core has no certificates; " +
  "name the provider by a ProviderClass with tls.secretRef";

/** What a store asks a provider for. Throws ProviderError InvalidConfig when it does not name exactly one key. */
export function wantedBy(store: CoreStore): Wanted {
  const key = inlineKey(store);
  return store.config === undefined ? { what: "key", name: key } : { what: "kind", name: followedKindId(store.config) };
}

/** Who serves what a store asks for. Throws ResolutionError. */
export function choiceFor(store: CoreStore, { offers }: Pick<ResolveWorld, "offers">): Choice {
  return chooseOffer(offers(), wantedBy(store), store.namespace);
}

function discovered(store: CoreStore, world: ResolveWorld): Target {
  const { service: key, port } = choiceFor(store, world).offer;
  const service = world.services.service(key);
  if (service === undefined || port === undefined) {
    throw new ResolutionError("ProviderUnavailable", "its Service is just going", { service: key });
  }
  return { by: "service", service, port, host: `${key.name}.${key.namespace}.svc` };
}

function ownTarget(address: string, { ref, namespace }: CoreStore, world: ResolveWorld): Target {
  const what = `${ref.kind} ${JSON.stringify(ref.name)}`;
  return forReaders(what, namespace !== "", () => addressTarget(address, namespace, world));
}

async function throughClass(
  ref: ClassRef,
  store: CoreStore,
  world: ResolveWorld,
  signal: AbortSignal,
): Promise<Destination> {
  const refusal = classRefusal({ storeKind: store.kind, classKind: ref.kind });
  if (refusal !== undefined) throw new ResolutionError("ProviderNotApproved", refusal);
  const object = await approvedClass(ref, store, world);
  return forReaders(className(ref), ref.kind === "ProviderClass", () => useClass(object, world, signal));
}

async function approvedClass(ref: ClassRef, store: CoreStore, { cluster }: ResolveWorld): Promise<ProviderClassObject> {
  const object = getProviderClass(cluster, ref);
  if (object === undefined) throw new ResolutionError("ProviderNotFound", `${className(ref)} not found`);
  const namespace = namespaceInQuestion(store);
  if (ref.kind === "ProviderClass" || namespace === "") return object;
  const known = cluster.namespace(namespace) ?? { name: namespace, labels: {} };
  const allowed = await letsIn(object.spec.conditions ?? [], known).catch((thrown: unknown) => {
    const what = `${className(ref)} lets nobody in: its spec.conditions cannot be read`;
    throw new ResolutionError("ProviderNotApproved", what, { cause: thrown });
  });
  if (allowed) return object;
  throw new ResolutionError(
    "ProviderNotApproved",
    `using ${className(ref)} is not allowed from namespace ${JSON.stringify(namespace)}: denied by its spec.conditions`,
  );
}

/** A tenant is not told what is wrong with an object of the cluster: that is in the object's own condition. */
function forReaders<T>(what: string, areTenants: boolean, use: () => T): T {
  const tell = (thrown: unknown): never => {
    if (!(thrown instanceof ResolutionError)) throw thrown;
    const detail = areTenants ? thrown.message : "its Ready condition says why";
    throw new ResolutionError(thrown.reason, `${what} cannot be used: ${detail}`, { cause: thrown });
  };
  try {
    const result = use();
    return result instanceof Promise ? (result.catch(tell) as T) : result;
  } catch (thrown) {
    return tell(thrown);
  }
}

/** Where to dial; at least one address. Rejects with ResolutionError ProviderUnavailable when there is none now. */
export async function addressesOf(
  target: Target,
  { services, lookup }: Pick<ResolverOptions, "services" | "lookup">,
  isPodAddress: IsPodAddress,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const key = targetService(target);
  const unavailable = (why: string, cause?: unknown) =>
    new ResolutionError("ProviderUnavailable", `the provider at ${targetHost(target)} is not reachable: ${why}`, {
      ...(cause !== undefined && { cause }),
      ...(key !== undefined && { service: { namespace: key.namespace, name: key.name } }),
    });
  if (target.by === "name") {
    const found = await lookup(target.address, signal).catch((thrown: unknown) => {
      if (!(thrown instanceof LookupError)) throw ProviderError.from(thrown);
      throw unavailable(thrown.message, thrown);
    });
    return [found];
  }
  const { service, port } = target;
  if (dialsService(service)) {
    const addresses = clusterAddresses(service, port);
    if (addresses.length > 0) return addresses;
    throw unavailable(
      "its Service has no cluster IP, which annotation external-secrets.io/dial asks for; remove one of the two",
    );
  }
  const slices = await services.endpointSlices(service.metadata, signal).catch((thrown: unknown) => {
    const isTooMany = thrown instanceof ClusterError && thrown.reason === "TooManyRequests";
    throw unavailable(isTooMany ? thrown.message : "its EndpointSlices cannot be read now", thrown);
  });
  const addresses = podAddressesOf(service, port, slices, isPodAddress);
  if (addresses.length === 0) throw unavailable("no pod of it is ready");
  return addresses;
}
