import { setTimeout as sleep } from "node:timers/promises";
import type { Asked } from "./audit-tail.ts";
import { firstWrites } from "./figures.ts";
import type { BenchWorld } from "./world.ts";

/** What came of it. */
export interface Steady {
  /** Seconds from each object's creation until its first status was written; infinite: it was not. */
  readonly times: readonly number[];
  /** All that was asked meanwhile. */
  readonly asked: readonly Asked[];
  readonly seconds: number;
}

/** Milliseconds that the last ones get. */
const patience = 5_000;

/** Makes `count` ExternalSecrets, `perSecond` a second, beside a core that runs. */
export async function addSteadily(world: BenchWorld, count: number, perSecond: number): Promise<Steady> {
  world.tail.read();
  const made = new Map<string, number>();
  const creations: Promise<void>[] = [];
  const started = Date.now();
  for (let index = 0; index < count; index += 1) {
    await sleep(Math.max(0, started + (index * 1_000) / perSecond - Date.now()));
    const at = Date.now();
    const one = world.addOne(index, { store: "main", refreshInterval: "1h" });
    creations.push(one.then((object) => void made.set(object, at)));
  }
  await Promise.all(creations);
  await sleep(patience);
  const asked = world.tail.read();
  const ready = firstWrites(asked);
  return {
    times: [...made].map(([object, at]) => ((ready.get(object) ?? Number.POSITIVE_INFINITY) - at) / 1_000),
    asked,
    seconds: (Date.now() - started) / 1_000,
  };
}
