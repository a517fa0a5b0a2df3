import { ClusterError, type ClusterErrorReason } from "../../../cluster/cluster.ts";
import { clusterFailure } from "../../../cluster/cluster-failure.ts";
import type { Failure } from "./failure.ts";

interface Refusal {
  readonly reason: ClusterErrorReason;
  /** The API server's own words: its status has no field that tells these apart. */
  readonly says: RegExp;
  readonly condition: (condition: string) => string;
  /** Whether trying again can help: the object, the target or the values must change otherwise. */
  readonly retried: boolean;
}

const refusals: readonly Refusal[] = [
  {
    reason: "Forbidden",
    says: /exceeded quota/,
    condition: (condition) => `${condition}: the resource quota of the namespace is used up`,
    retried: true,
  },
  {
    reason: "Forbidden",
    says: /being terminated/,
    condition: (condition) => `${condition}: the namespace is being terminated`,
    retried: false,
  },
  {
    reason: "Invalid",
    says: /\btype: .*immutable/,
    condition: (condition) => `${condition}, the type of a secret cannot be changed: delete the secret`,
    retried: false,
  },
  // ESO's words. Seen here only where the view has no more than metadata of the target.
  {
    reason: "Invalid",
    says: /immutable/,
    condition: () => "could not update secret, target is immutable",
    retried: false,
  },
  {
    reason: "Invalid",
    says: /Too long|Request entity too large/i,
    condition: (condition) => `${condition}: it is larger than Kubernetes allows (1 MiB)`,
    retried: true,
  },
];

/** What the API's refusal of a write means; the event has the API's whole message. */
export function writeRefusal(condition: string, thrown: unknown): Failure {
  const known =
    thrown instanceof ClusterError
      ? refusals.find(({ reason, says }) => thrown.reason === reason && says.test(thrown.message))
      : undefined;
  return {
    condition: known?.condition(condition) ?? condition,
    error: clusterFailure(thrown),
    retried: known?.retried ?? true,
    waitsFor: [],
  };
}
