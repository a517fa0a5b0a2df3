import { isDeepStrictEqual } from "node:util";
import { ProviderError } from "../../../api/errors.ts";
import type { Cluster } from "../../../cluster/cluster.ts";
import type { Kind } from "../../../cluster/objects.ts";
import type { Outcome } from "../../../cluster/outcome.ts";
import { getProviderClass, type ClassRef, type ProviderClassObject } from "../../kinds.ts";
import { useClass } from "../../resolve/classes.ts";
import type { ResolveWorld } from "../../resolve/world.ts";
import { ResolutionError } from "../../resolve/resolution-error.ts";
import { clusterFailure } from "../../../cluster/cluster-failure.ts";
import type { Contests } from "../contest.ts";
import { classReport, type ClassFinding } from "./status.ts";

/** What the controllers of ProviderClasses and ClusterProviderClasses work with. */
export interface ClassDeps {
  readonly cluster: Cluster;
  readonly kind: Kind;
  readonly world: ResolveWorld;
  readonly contests: Contests;
  /** How often a class is looked at though nothing changed, milliseconds. */
  readonly interval: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** One reconcile of one class: says in its status whether stores can use it. Nothing is dialled. */
export async function reconcileClass(deps: ClassDeps, ref: ClassRef, signal: AbortSignal): Promise<Outcome> {
  const object = getProviderClass(deps.cluster, ref);
  if (object === undefined || object.metadata.deletionTimestamp !== undefined) return { result: "done" };
  const left = deps.contests.leave(object, deps.kind.namespaced);
  if (left !== undefined) return left;
  const finding = await find(object, deps.world, signal);
  // Being told to stop is no failure of the class's.
  if (signal.aborted) return { result: "again" };
  const refused = await record(deps, object, finding, signal);
  if (refused !== undefined) return refused;
  // Most is mended by a change that wakes it, but not a right that was missing.
  if (finding !== undefined) return { result: "failed", error: finding };
  return { result: "done", after: deps.interval };
}

async function find(object: ProviderClassObject, world: ResolveWorld, signal: AbortSignal): Promise<ClassFinding> {
  try {
    const { certificates } = await useClass(object, world, signal);
    const { problem } = certificates;
    return problem === undefined ? undefined : new ResolutionError("CertificateInvalid", problem);
  } catch (thrown) {
    return ProviderError.from(thrown);
  }
}

/** Writes status and event; undefined when that is done, else how the run ends. */
async function record(
  { cluster, kind, now }: ClassDeps,
  object: ProviderClassObject,
  finding: ClassFinding,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { status, event } = classReport(object, finding, now());
  if (isDeepStrictEqual(object.status ?? {}, status)) return undefined;
  if (event !== undefined) cluster.event(kind, object.metadata, event);
  try {
    await cluster.updateStatus(kind, object.metadata, object.metadata.resourceVersion, status, signal);
    return undefined;
  } catch (thrown) {
    const error = clusterFailure(thrown);
    return error.code === "Conflict" ? { result: "again" } : { result: "failed", error };
  }
}
