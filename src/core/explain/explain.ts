import { X509Certificate } from "node:crypto";
import { escapeControl } from "../../api/escape.ts";
import { ProviderError } from "../../api/errors.ts";
import { externalSecret } from "../../api/kinds/external-secret.ts";
import { serverSecretName, sharedSecretName } from "../../api/server-secret.ts";
import { ClusterError, type ObjectKey } from "../../cluster/cluster.ts";
import { secretResource } from "../../cluster/kubernetes/paths.ts";
import type { Snapshot } from "../../cluster/kubernetes/snapshot.ts";
import { certificates } from "../../wire/certificates.ts";
import { readyOf } from "../controllers/condition.ts";
import { storesOf } from "../controllers/external-secret/reads.ts";
import { unbuiltField } from "../controllers/external-secret/unbuilt.ts";
import { storeAccess } from "../controllers/external-secret/store-access.ts";
import type { StoreRef } from "../credentials/dependencies.ts";
import { getExternalSecret, getStore, type ExternalSecretObject, type StoreObject } from "../kinds.ts";
import { targetText, type Target } from "../resolve/address-target.ts";
import { mountedTrust } from "../resolve/classes.ts";
import { isOfAdministrator } from "../resolve/offer.ts";
import { podAddresses } from "../resolve/pod-addresses.ts";
import { addressesOf, choiceFor, destinationOf, wantedBy, type Destination } from "../resolve/resolver.ts";
import { wantedText } from "../resolve/serves.ts";
import { createResolveWorld, namespaceWorld, type ResolveWorld } from "../resolve/world.ts";
import type { CoreStore } from "../store.ts";
import { toStore } from "../to-store.ts";
import type { Step } from "./steps.ts";

/** What is explained with. */
export interface ExplainWorld {
  readonly snapshot: Snapshot;
  readonly systemNamespace: string;
  /** The newest Warning of an object; undefined: there is none, or it may not be seen. */
  readonly warning: (object: ExternalSecretObject) => Promise<string | undefined>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * The way of an ExternalSecret to each of its stores' backends, by the rules and the plan that core runs, as far as the
 * rights of whoever asks show it. Nothing is dialled, and no value is read. The first step that stops is the last.
 */
export async function explain(key: ObjectKey, world: ExplainWorld): Promise<readonly Step[]> {
  const { snapshot } = world;
  const object = await known(world, () => getExternalSecret(snapshot, key));
  if (object === undefined) {
    const why = snapshot.refusals().get(`${externalSecret.kind} ${key.namespace}/${key.name}`);
    return [
      stops(
        "reference",
        why ?? `namespace ${key.namespace} has no ExternalSecret ${key.name}; create it, or name its namespace with -n`,
      ),
    ];
  }
  const unbuilt = unbuiltField(object.spec);
  if (unbuilt !== undefined) return [stops("reference", `${unbuilt} is not supported by this version; remove it`)];
  const refs = storesOf(object);
  if (refs.length === 0) return [stops("reference", "it names no store; set spec.secretStoreRef")];
  const ways: Step[] = [];
  for (const ref of refs) {
    const steps = await explainStore(ref, object, world);
    ways.push(...steps);
    if (steps.some(({ state }) => state === "stops")) return ways;
  }
  return [...ways, await itself(object, world)];
}

async function explainStore(
  ref: StoreRef,
  object: ExternalSecretObject,
  world: ExplainWorld,
): Promise<readonly Step[]> {
  const { snapshot } = world;
  const { namespace } = object.metadata;
  const name = `${ref.kind} ${JSON.stringify(ref.name)}`;
  const steps: Step[] = [];
  const store = await known(world, () => getStore(snapshot, ref));
  if (store === undefined) return [missingStore(ref, snapshot)];
  steps.push(ok("reference", name));
  const refusal = await accessRefusal(ref, store, namespace, world);
  if (refusal !== undefined) return [...steps, stops("store", refusal)];

  const used = await settled(world, async () => toStore(snapshot, store, namespace));
  if ("error" in used) return [...steps, stops("store", used.error.message)];
  steps.push(ok("store", `asks for ${wantedText(wantedBy(used.value))}`));
  return [...steps, ...(await explainProvider(used.value, store, world))];
}

async function accessRefusal(
  ref: StoreRef,
  store: StoreObject,
  name: string,
  world: ExplainWorld,
): Promise<string | undefined> {
  const answer = await known(world, async () => {
    const namespace = world.snapshot.namespace(name) ?? { name, labels: {} };
    return storeAccess({ ref, store, namespace, floodGate: false });
  });
  return answer.access === "denied" ? answer.error.message : undefined;
}

async function explainProvider(used: CoreStore, store: StoreObject, world: ExplainWorld): Promise<readonly Step[]> {
  const { snapshot, signal } = world;
  const resolving = worldOf(world);
  const found = await settled(world, () => destinationOf(used, resolving, signal));
  const hidden = snapshot.refusals().get("services");
  if ("error" in found) {
    return [hidden === undefined ? stops("provider", found.error.message) : unknown("provider", hidden)];
  }
  const { target } = found.value;
  const conflict = used.route.by === "discovery" ? choiceFor(used, resolving).conflict : undefined;
  const steps: Step[] = [
    ok("provider", `${wayText(used)}${targetText(target)}${conflict === undefined ? "" : `; ${conflict}`}`),
  ];
  const endpoint = await endpointStep(target, resolving, world);
  steps.push(endpoint);
  if (endpoint.state === "stops") return steps;
  const certificate = await certificateStep(found.value, world);
  steps.push(certificate);
  if (certificate.state === "stops") return steps;
  return [...steps, backendStep(store)];
}

async function endpointStep(target: Target, resolving: ResolveWorld, { signal }: ExplainWorld): Promise<Step> {
  if (target.by === "name") return unknown("endpoint", "its name is looked up by core");
  try {
    const addresses = await addressesOf(
      target,
      { services: resolving.services, lookup: noLookup },
      podAddresses(),
      signal,
    );
    return ok("endpoint", addresses.join(", "));
  } catch (thrown) {
    const { message, cause } = ProviderError.from(thrown);
    return cause instanceof ClusterError
      ? unknown("endpoint", cause.message)
      : stops("endpoint", `${message}; look at the Service's pods`);
  }
}

/** What the certificate controller made for the Service; of a class with certificates of its own, that they are there. */
async function certificateStep({ target, trust }: Destination, world: ExplainWorld): Promise<Step> {
  const { snapshot, signal, now, systemNamespace } = world;
  if (target.by !== "service" || trust !== mountedTrust)
    return unknown("certificate", `from ${trust}; the provider's own is its matter`);
  const { namespace, name } = target.service.metadata;
  const own = isOfAdministrator(namespace, namespaceWorld({ cluster: snapshot, systemNamespace }, namespace));
  const key = { namespace, name: own ? serverSecretName(name) : sharedSecretName };
  try {
    const secret = await snapshot.read(secretResource, key, signal);
    const pem = Buffer.from(secret?.data?.["tls.crt"] ?? "", "base64").toString();
    if (pem === "") return stops("certificate", `Secret ${namespace}/${key.name} is not there; look at outboard certs`);
    const certificate = new X509Certificate(pem);
    const { validTo } = certificate;
    const host = `${name}.${namespace}.svc`;
    if (Date.parse(validTo) < now()) return stops("certificate", `it has expired (${validTo}); look at outboard certs`);
    if (certificate.checkHost(host) === undefined)
      return stops("certificate", `it is not for ${host}; look at outboard certs`);
    return ok("certificate", `Secret ${namespace}/${key.name}, until ${validTo}`);
  } catch (error) {
    return unknown("certificate", error instanceof ClusterError ? error.message : "it cannot be read");
  }
}

/** What core last heard: it asks the backend, nobody else can. */
function backendStep({ status }: StoreObject): Step {
  const ready = readyOf(status?.conditions);
  if (ready === undefined) return stops("backend", "core has not looked at the store yet; is it running, and leading?");
  const said = `${ready.reason}: ${ready.message}`;
  return ready.status === "True" ? ok("backend", said) : stops("backend", `${said}; the store's events say more`);
}

async function itself(object: ExternalSecretObject, { warning }: ExplainWorld): Promise<Step> {
  const ready = readyOf(object.status?.conditions);
  if (ready === undefined)
    return stops("result", "core has not looked at the ExternalSecret yet; is it running, and leading?");
  if (ready.status === "True") return ok("result", `${ready.reason}: ${ready.message}`);
  const event = await warning(object);
  return stops("result", `${ready.reason}: ${event ?? ready.message}`);
}

function missingStore(ref: StoreRef, snapshot: Snapshot): Step {
  const place = `${ref.kind} ${ref.namespace === "" ? "" : `${ref.namespace}/`}${ref.name}`;
  const refused = snapshot.refusals().get(place);
  return refused === undefined
    ? stops("reference", `${place} is not there; create it, or correct spec.secretStoreRef`)
    : unknown("reference", refused);
}

function wayText({ route }: CoreStore): string {
  if (route.by === "class") return `${route.ref.kind} ${JSON.stringify(route.ref.name)} -> `;
  return route.by === "address" ? "spec.address -> " : "approved Service ";
}

function worldOf({ snapshot, systemNamespace }: ExplainWorld): ResolveWorld {
  // Core's own certificates are not for whoever asks to see; that they are awaited is in the store's condition.
  const none = { source: certificates() };
  return createResolveWorld({
    cluster: snapshot,
    services: { ...snapshot, serviceEvent: () => {} },
    systemNamespace,
    resolve: new Map(),
    allowedAddresses: new Set(),
    readCertificates: async () => none,
    mounted: { current: () => none, subscribe: () => () => {} },
  });
}

/** Looks, and reads what was looked for, until nothing is new. */
async function known<T>({ snapshot, signal }: ExplainWorld, look: () => T | Promise<T>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (!(await snapshot.load(signal))) return seen;
  }
}

async function settled<T>(
  world: ExplainWorld,
  look: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: ProviderError }> {
  return known(world, () =>
    look().then(
      (value) => ({ value }),
      (thrown: unknown) => ({ error: ProviderError.from(thrown) }),
    ),
  );
}

function ok(name: string, says: string): Step {
  return { name, state: "ok", says: escapeControl(says) };
}

function stops(name: string, says: string): Step {
  return { name, state: "stops", says: escapeControl(says) };
}

function unknown(name: string, says: string): Step {
  return { name, state: "unknown", says: escapeControl(says) };
}

function noLookup(): Promise<string> {
  return Promise.reject(new Error("no name is looked up here"));
}
