import type { ExternalSecretObject } from "../../kinds.ts";
import { firstLookTopic, storeTopic } from "../../topics.ts";
import { readyOf } from "../condition.ts";
import { notFetched } from "./failure.ts";
import type { PlanSettings, ReadPlan, World } from "./plan.ts";
import { atSource, sourcesOf, storesOf, type Source } from "./reads.ts";
import { nextLook, isSecretValid, refreshInterval, refreshTimeOf, shouldRefresh } from "./refresh.ts";
import { refusal } from "./refusal.ts";
import { storeAccess } from "./store-access.ts";

/** What an ExternalSecret is to read, at `now` (milliseconds since the epoch). */
export async function planReads(
  object: ExternalSecretObject,
  world: World,
  settings: PlanSettings,
  now: number,
): Promise<ReadPlan> {
  const foreign = storesOf(object).filter((ref) => {
    const controller = world.store(ref)?.spec.controller;
    return controller && controller !== settings.controllerClass;
  });
  if (foreign.length > 0) return { step: "rest", outcome: { result: "done", waitsFor: foreign.map(storeTopic) } };

  const failure = refusal(object);
  if (failure !== undefined) return { step: "fail", failure };
  // What failed is tried to its end, though a write that was thought lost may have put the Secret right.
  const failed = readyOf(object.status?.conditions)?.status === "False";
  if (!failed && !shouldRefresh(object, now) && isSecretValid(world.secret)) {
    return { step: "rest", outcome: nextLook(refreshInterval(object.spec), refreshTimeOf(object), now) };
  }
  return planSources(sourcesOf(object), world, settings);
}

async function planSources(sources: readonly Source[], world: World, settings: PlanSettings): Promise<ReadPlan> {
  const { namespace } = world;
  const unknown = new Set<string>();
  for (const source of sources) {
    const ref = source.store;
    const answer = await storeAccess({ ref, store: world.store(ref), namespace, floodGate: settings.enableFloodGate });
    if (answer.access === "unknown") unknown.add(firstLookTopic(ref));
    if (answer.access === "denied") {
      return { step: "fail", failure: notFetched(atSource(source, answer.error), answer.waitsFor) };
    }
  }
  if (unknown.size > 0) return { step: "rest", outcome: { result: "done", waitsFor: [...unknown] } };
  return { step: "read", sources };
}
