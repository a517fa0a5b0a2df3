import { keyId, type Cluster, type ObjectKey } from "../../cluster/cluster.ts";
import type { Reloads } from "../../process/reloads.ts";
import { staysInUse } from "../../wire/certificate-files.ts";
import {
  certificates,
  OutOfTimeError,
  type CertificateSource,
  type UpdatableCertificates,
} from "../../wire/certificates.ts";
import { createBoundedCache } from "../credentials/bounded-cache.ts";
import { createFlights } from "../credentials/flights.ts";
import { rereadPause } from "../credentials/reread-pause.ts";
import { unreadable } from "../credentials/unreadable.ts";
import { ResolutionError } from "./resolution-error.ts";

/** Certificates of a class, from a Secret or mounted. */
export interface ClassCertificates {
  /** One and the same for as long as the Secret or the mount lives; it gives the newest pair that can be used. */
  readonly source: CertificateSource;
  /** Why what is there now is not in use, and an older pair is; or that what is in use is out of its time. */
  readonly problem?: string;
}

/**
 * The certificates of a Secret (ca.crt, tls.crt, tls.key), read again when it changed. Rejects with ResolutionError
 * CertificateInvalid when it is not there or never held a usable pair, ProviderUnavailable when it cannot be read now.
 */
export type ReadCertificates = (secret: ObjectKey, signal: AbortSignal) => Promise<ClassCertificates>;

interface Held {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly readAt: number;
  /** Whether the view has shown the Secret. It does not show those of namespaces that are not watched. */
  readonly inView: boolean;
  readonly source: UpdatableCertificates;
  readonly problem?: string;
  /** What the Secret holds may become usable without a change: it is not valid yet. */
  readonly outOfTime: boolean;
}

const keys = ["ca.crt", "tls.crt", "tls.key"] as const;
const maxEntries = 1_000;

/** What {@link createClassCertificates} may be told. */
export interface ClassCertificatesOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Hears of reloads; the owner is the Secret itself. */
  readonly tell?: Reloads;
}

/**
 * Reads certificates of Secrets; an unchanged one costs no request, and one that the view does not show, or that holds a
 * pair of another time, a request in ten seconds.
 */
export function createClassCertificates(
  cluster: Pick<Cluster, "referencedKeys" | "referencedVersion">,
  { now = Date.now, tell = () => undefined }: ClassCertificatesOptions = {},
): ReadCertificates {
  const cache = createBoundedCache<Held>(maxEntries, Number.POSITIVE_INFINITY);
  const share = createFlights<Held>();

  async function read(secret: ObjectKey, held: Held | undefined, signal: AbortSignal): Promise<Held> {
    const id = keyId(secret);
    const readAt = now();
    const found = await cluster.referencedKeys("Secret", secret, keys, signal).catch((thrown: unknown) => {
      const { code, message } = unreadable("Secret", secret, thrown);
      // What is gone vouches for nobody any more.
      if (code === "InvalidConfig") cache.delete(id);
      const reason = code === "Unavailable" ? "ProviderUnavailable" : "CertificateInvalid";
      throw new ResolutionError(reason, message, { cause: thrown });
    });
    // Another Secret of the same name is another source of trust: connections of the old one do not serve for it.
    const source = held?.uid === found.uid ? held.source : certificates();
    const before = { pair: source.current(), problem: held?.problem };
    const refusal = update(source, found.data, readAt);
    const problem = refusal && problemText(secret, source, refusal);
    const { uid, resourceVersion } = found;
    const inView = cluster.referencedVersion("Secret", secret) !== undefined;
    const next: Held = {
      uid,
      resourceVersion,
      readAt,
      inView,
      source,
      ...(problem !== undefined && { problem }),
      outOfTime: refusal instanceof OutOfTimeError,
    };
    cache.set(id, next, 0);
    report(secret, next, before);
    return next;
  }

  function report(
    secret: ObjectKey,
    { source, problem }: Held,
    before: { readonly pair: object | undefined; readonly problem: string | undefined },
  ): void {
    const from = secretText(secret);
    const owner = { namespace: secret.namespace, service: secret.name };
    const pair = source.current();
    const taken = pair !== undefined && pair !== before.pair;
    if (taken) tell(from, { what: "taken", owner, replaced: before.pair !== undefined });
    if (problem === before.problem) return;
    if (problem !== undefined) tell(from, { what: "problem", problem, owner: pair && owner });
    else if (!taken) tell(from, { what: "mended" });
  }

  return async (secret, signal) => {
    const seen = cluster.referencedVersion("Secret", secret);
    const held = cache.get(keyId(secret));
    if (held !== undefined && seen !== undefined && !held.inView)
      cache.set(keyId(secret), { ...held, inView: true }, 0);
    const current =
      held !== undefined && isCurrent(held, seen, now())
        ? held
        : await share(`${keyId(secret)} ${seen?.uid}/${seen?.resourceVersion}`, signal, (shared) =>
            read(secret, held, shared),
          );
    const { source } = current;
    const pair = source.current();
    if (pair === undefined) throw new ResolutionError("CertificateInvalid", current.problem ?? "nothing was read");
    const fault = source.fault(now());
    const problem = current.problem ?? (fault && `${secretText(secret)}: ${fault}`);
    return { source, ...(problem !== undefined && { problem }) };
  };
}

function isCurrent(held: Held, seen: ReturnType<Cluster["referencedVersion"]>, now: number): boolean {
  const recent = now - held.readAt < rereadPause;
  if (seen === undefined) return !held.inView && recent;
  return held.uid === seen.uid && held.resourceVersion === seen.resourceVersion && (!held.outOfTime || recent);
}

/** Takes the pair over; why not, when it cannot be used. */
function update(source: UpdatableCertificates, data: ReadonlyMap<string, Uint8Array>, now: number): Error | undefined {
  const text = (key: (typeof keys)[number]) => Buffer.from(data.get(key) ?? []).toString();
  const missing = keys.filter((key) => text(key).trim() === "");
  if (missing.length > 0) return new Error(`it has no ${missing.join(", ")}; add what is missing`);
  try {
    source.update({ ca: text("ca.crt"), cert: text("tls.crt"), key: text("tls.key") }, now);
    return undefined;
  } catch (error) {
    // The check's own words: they name the part and hold nothing of it.
    return error instanceof Error ? error : new Error("unexpected error");
  }
}

function problemText(secret: ObjectKey, source: CertificateSource, { message }: Error): string {
  const held = source.current() === undefined ? "" : `; ${staysInUse}`;
  return `${secretText(secret)} cannot be used: ${message}${held}`;
}

function secretText({ namespace, name }: ObjectKey): string {
  return `Secret ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`;
}
