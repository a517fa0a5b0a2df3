import { isDeepStrictEqual } from "node:util";
import type { ExternalSecretStatus } from "../../../api/kinds/external-secret.ts";
import type { ExternalSecretObject } from "../../kinds.ts";
import { timestamp, withReady, type Ready } from "../condition.ts";
import { resourceVersionOf } from "./refresh.ts";

/** Status of an ExternalSecret that was synced by a reconcile that began at `started`. */
export function syncedStatus(
  object: ExternalSecretObject,
  { ready, binding, started, now }: { ready: Ready; binding?: string | undefined; started: number; now: number },
): ExternalSecretStatus {
  return {
    ...statusWith(object, ready, now),
    refreshTime: timestamp(started),
    syncedResourceVersion: resourceVersionOf(object),
    ...(binding !== undefined && { binding: { name: binding } }),
  };
}

/** Status of one that failed: when it was last synced stays. */
export function failedStatus(object: ExternalSecretObject, condition: string, now: number): ExternalSecretStatus {
  return statusWith(object, { status: "False", reason: "SecretSyncedError", message: condition }, now);
}

/** Whether the status differs from the one that the object has. */
export function statusChanged(object: ExternalSecretObject, status: ExternalSecretStatus): boolean {
  return !isDeepStrictEqual(object.status ?? {}, status);
}

function statusWith(object: ExternalSecretObject, ready: Ready, now: number): ExternalSecretStatus {
  const conditions = withReady(object.status?.conditions, ready, now);
  return { ...object.status, conditions: [...conditions] as NonNullable<ExternalSecretStatus["conditions"]> };
}
