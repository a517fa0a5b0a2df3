import type { Cluster, ObjectKey } from "../../cluster/cluster.ts";
import { certificates, type CertificateSource, type UpdatableCertificates } from "../../wire/certificates.ts";
import { createBoundedCache } from "../credentials/bounded-cache.ts";
import { createFlights } from "../credentials/flights.ts";
import { rereadPause } from "../credentials/reread-pause.ts";
import { unreadable } from "../credentials/unreadable.ts";
import { ResolutionError } from "./resolution-error.ts";

/** What a Secret with certificates holds. */
export interface ClassCertificates {
  /** One and the same for a Secret as long as it lives; it gives the newest pair that can be used. */
  readonly source: CertificateSource;
  /** Why what the Secret holds now is not in use, and what is in use is an older pair. */
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
}

const keys = ["ca.crt", "tls.crt", "tls.key"] as const;
const maxEntries = 1_000;

/**
 * Reads certificates of Secrets; an unchanged one costs no request, and one that the view does not show a request in ten
 * seconds.
 * @param now milliseconds since the epoch
 */
export function createClassCertificates(
  cluster: Pick<Cluster, "referencedKeys" | "referencedVersion">,
  now: () => number = Date.now,
): ReadCertificates {
  const cache = createBoundedCache<Held>(maxEntries, Number.POSITIVE_INFINITY);
  const share = createFlights<Held>();

  async function read(secret: ObjectKey, held: Held | undefined, signal: AbortSignal): Promise<Held> {
    const id = idOf(secret);
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
    const problem = update(source, secret, found.data);
    const { uid, resourceVersion } = found;
    const inView = cluster.referencedVersion("Secret", secret) !== undefined;
    const next = { uid, resourceVersion, readAt, inView, source, ...(problem !== undefined && { problem }) };
    cache.set(id, next, 0);
    return next;
  }

  return async (secret, signal) => {
    const seen = cluster.referencedVersion("Secret", secret);
    const held = cache.get(idOf(secret));
    if (held !== undefined && seen !== undefined && !held.inView) cache.set(idOf(secret), { ...held, inView: true }, 0);
    const current =
      held !== undefined && isCurrent(held, seen, now())
        ? held
        : await share(`${idOf(secret)} ${seen?.uid}/${seen?.resourceVersion}`, signal, (shared) =>
            read(secret, held, shared),
          );
    const { source, problem } = current;
    if (problem !== undefined && source.current() === undefined) {
      throw new ResolutionError("CertificateInvalid", problem);
    }
    return { source, ...(problem !== undefined && { problem }) };
  };
}

function isCurrent(held: Held, seen: ReturnType<Cluster["referencedVersion"]>, now: number): boolean {
  if (seen !== undefined) return held.uid === seen.uid && held.resourceVersion === seen.resourceVersion;
  return !held.inView && now - held.readAt < rereadPause;
}

/** Takes the pair over; why not, when it cannot be used. */
function update(
  source: UpdatableCertificates,
  { namespace, name }: ObjectKey,
  data: ReadonlyMap<string, Uint8Array>,
): string | undefined {
  const what = `Secret ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`;
  const text = (key: (typeof keys)[number]) => Buffer.from(data.get(key) ?? []).toString();
  const missing = keys.filter((key) => text(key).trim() === "");
  if (missing.length > 0) return `${what} has no ${missing.join(", ")}; add what is missing`;
  try {
    source.update({ ca: text("ca.crt"), cert: text("tls.crt"), key: text("tls.key") });
    return undefined;
  } catch (error) {
    // checkCertificates' own words: they name the part and hold nothing of it.
    return `${what} cannot be used: ${error instanceof Error ? error.message : "unexpected error"}`;
  }
}

function idOf({ namespace, name }: ObjectKey): string {
  return `${namespace}/${name}`;
}
