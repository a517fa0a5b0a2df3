import { escapeControl } from "../../api/escape.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubeObject, ManagedFields, ObjectMeta } from "../../cluster/objects.ts";
import type { Outcome } from "../../cluster/outcome.ts";
import { Counter, type Registry } from "../../process/metrics.ts";
import { timestamp } from "./condition.ts";

/** Field manager of every status that core writes; ESO's is "external-secrets". */
export const statusManager = "outboard";

/** Milliseconds for which an object is left to whoever took it. */
const leaveFor = 10 * 60_000;

/** Somebody else writes the status of an object that was ours. */
export interface Contest {
  readonly manager: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Whether another manager took `f:refreshTime` or a condition of a status after we had written it, less than ten minutes
 * ago. What it wrote before us does not count: that is how an object looks which was taken over from ESO.
 * @param now milliseconds since the epoch
 */
export function contestOf({ managedFields }: Pick<ObjectMeta, "managedFields">, now: number): Contest | undefined {
  const own = managedFields.find((entry) => entry.manager === statusManager && isStatus(entry));
  if (own === undefined) return undefined;
  const since = Date.parse(own.time);
  const contests = managedFields
    .filter((entry) => entry.manager !== statusManager && isStatus(entry) && Date.parse(entry.time) > since)
    .map(({ manager, time }) => ({ manager, until: Date.parse(time) + leaveFor }))
    .filter(({ until }) => until > now);
  return contests.toSorted((a, b) => b.until - a.until)[0];
}

function isStatus({ fields }: ManagedFields): boolean {
  const status = Object.entries(fields).find(([key]) => key === "f:status")?.[1];
  return (
    typeof status === "object" &&
    status !== null &&
    Object.keys(status).some((key) => key === "f:refreshTime" || key === "f:conditions")
  );
}

/** What controllers do about contests. */
export interface Contests {
  /** How the reconcile of an object ends that is left alone, with an event and a metric; undefined: it is ours. */
  leave(object: KubeObject, namespaced: boolean): Outcome | undefined;
}

/** Makes {@link Contests}; registers `outboard_left_alone_total`. */
export function createContests(deps: {
  readonly cluster: Pick<Cluster, "event">;
  readonly registry: Registry;
  readonly now: () => number;
}): Contests {
  const { cluster, registry, now } = deps;
  const leftAlone = new Counter({
    name: "outboard_left_alone_total",
    help: "How often an object was left alone because another operator had written its status",
    labelNames: ["kind"],
    registers: [registry],
  });
  return {
    leave: ({ apiVersion, kind, metadata }, namespaced) => {
      const contest = contestOf(metadata, now());
      if (contest === undefined) return undefined;
      leftAlone.inc({ kind });
      const manager = escapeControl(contest.manager).slice(0, 128);
      cluster.event({ apiVersion, kind, namespaced }, metadata, {
        type: "Warning",
        reason: "AnotherOperator",
        message:
          `${manager} wrote the status after Outboard had: another operator works on this object, ` +
          `so it is left alone until ${timestamp(contest.until)}. Stop one of the two, or give each a controller class`,
      });
      return { result: "done", after: contest.until - now() };
    },
  };
}
