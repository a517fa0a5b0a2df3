import { parseDuration } from "../../../api/duration.ts";
import { ProviderError } from "../../../api/errors.ts";
import type { ExternalSecretSpec } from "../../../api/kinds/external-secret.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import type { SecretObject } from "../../../cluster/objects.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { dataHash, metadataHash } from "./hash.ts";
import { dataHashAnnotation, managedLabel } from "./names.ts";

/** `spec.refreshInterval` in milliseconds, an hour when it is not set. Throws ProviderError InvalidConfig. */
export function refreshInterval(spec: ExternalSecretSpec): number {
  try {
    return parseDuration(spec.refreshInterval ?? "1h0m0s");
  } catch (error) {
    throw new ProviderError("InvalidConfig", `spec.refreshInterval: ${ProviderError.from(error).message}`);
  }
}

/** What `status.syncedResourceVersion` is when the object as it stands was synced: generation and metadata. */
export function resourceVersionOf({ metadata }: ExternalSecretObject): string {
  return `${metadata.generation}-${metadataHash(metadata)}`;
}

/** Whether the values are to be read again, by refreshPolicy and interval (ESO's shouldRefresh). */
export function shouldRefresh(object: ExternalSecretObject, now: number): boolean {
  const synced = object.status?.syncedResourceVersion ?? "";
  const time = refreshTimeOf(object);
  const neverSynced = synced === "" || time === undefined;
  const changed = synced !== resourceVersionOf(object);
  switch (object.spec.refreshPolicy) {
    case "CreatedOnce":
      return neverSynced;
    case "OnChange":
      return neverSynced || changed;
    default: {
      // First of all, as ESO has it: with an interval of 0 not even a changed spec is read again.
      const interval = refreshInterval(object.spec);
      if (interval <= 0 && !neverSynced) return false;
      if (changed || time === undefined || time > now) return true;
      return time + interval < now;
    }
  }
}

/** Whether the target is there, managed, and holds what was written (ESO's isSecretValid). */
export function isSecretValid(secret: SecretObject | undefined): boolean {
  if (secret?.data === undefined || secret.metadata.labels[managedLabel] !== "true") return false;
  return secret.metadata.annotations[dataHashAnnotation] === dataHash(secret.data);
}

/** When to look again (ESO's getRequeueResult). `refreshTime` and `now` in milliseconds since the epoch. */
export function nextLook(interval: number, refreshTime: number | undefined, now: number): Outcome {
  if (interval <= 0) return { result: "done" };
  if (refreshTime === undefined) return { result: "done", after: interval };
  const elapsed = now - refreshTime;
  return elapsed >= 0 && elapsed < interval ? { result: "done", after: interval - elapsed } : { result: "again" };
}

/** `status.refreshTime` in milliseconds since the epoch. */
export function refreshTimeOf({ status }: ExternalSecretObject): number | undefined {
  const time = Date.parse(status?.refreshTime ?? "");
  return Number.isNaN(time) ? undefined : time;
}
