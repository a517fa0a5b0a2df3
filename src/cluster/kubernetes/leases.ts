import { ClusterError, type ObjectKey } from "../cluster.ts";
import type { HeldLease, LeaseRecord, Leases } from "../lease.ts";
import { isApiObject, isRecord } from "./api-object.ts";
import { listPath, objectPath, placeOf, withQuery, type Resource } from "./paths.ts";
import type { Transport } from "./transport.ts";

const leaseResource: Resource = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  namespaced: true,
  plural: "leases",
};

/** The Leases of an API server; `fieldManager` is whose writes they are. */
export function createLeases(transport: Pick<Transport, "request">, fieldManager: string): Leases {
  return {
    get: async (key, signal) => {
      const name = `get ${place(key)}`;
      const path = objectPath(leaseResource, key);
      const answer = await transport.request({ method: "GET", path, signal, name }).catch((error: unknown) => {
        if (error instanceof ClusterError && error.reason === "NotFound") return undefined;
        throw error;
      });
      return answer === undefined ? undefined : heldLease(answer, name);
    },
    create: async (key, record, signal) => {
      const name = `create ${place(key)}`;
      const path = withQuery(listPath(leaseResource, key.namespace), { fieldManager });
      const { apiVersion, kind } = leaseResource;
      const body = { apiVersion, kind, metadata: { namespace: key.namespace, name: key.name }, spec: specOf(record) };
      return heldLease(await transport.request({ method: "POST", path, body, signal, name }), name);
    },
    update: async (key, record, resourceVersion, signal) => {
      const name = `patch ${place(key)}`;
      const path = withQuery(objectPath(leaseResource, key), { fieldManager });
      // A patch, so that labels and fields of others stay; the resourceVersion makes it conditional.
      const body = { metadata: { resourceVersion }, spec: specOf(record) };
      const contentType = "application/merge-patch+json";
      return heldLease(await transport.request({ method: "PATCH", path, body, contentType, signal, name }), name);
    },
  };
}

function place(key: ObjectKey): string {
  return placeOf(leaseResource, key);
}

function specOf({ holder, durationSeconds, acquiredAt, renewedAt, transitions }: LeaseRecord) {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: durationSeconds,
    acquireTime: microTime(acquiredAt),
    renewTime: microTime(renewedAt),
    leaseTransitions: transitions,
  };
}

/** meta/v1 MicroTime: six digits, no more and no less. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}

/** What others wrote may lack anything. */
function heldLease(answer: unknown, request: string): HeldLease {
  if (!isApiObject(answer)) throw new ClusterError("Unavailable", `${request}: the answer is no Lease`);
  const spec = isRecord(answer.spec) ? answer.spec : {};
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = spec;
  return {
    resourceVersion: answer.metadata.resourceVersion,
    record: {
      holder: typeof holderIdentity === "string" ? holderIdentity : "",
      durationSeconds: numberOf(leaseDurationSeconds),
      acquiredAt: timeOf(acquireTime),
      renewedAt: timeOf(renewTime),
      transitions: numberOf(leaseTransitions),
    },
  };
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function timeOf(value: unknown): number {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? 0 : time;
}
