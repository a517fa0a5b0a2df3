import type { ObjectMeta } from "../cluster/objects.ts";

/**
 * Remembers what of each object makes a controller look again: spec (generation), labels, annotations, finalizers,
 * deletion. A status that we wrote ourselves does not.
 */
export class Seen {
  readonly #fingerprints = new Map<string, string>();

  /** Whether there is something new about an object since the last time; undefined: it is gone. */
  isNews(id: string, metadata: ObjectMeta | undefined): boolean {
    const before = this.#fingerprints.get(id);
    const after = metadata && fingerprint(metadata);
    if (after === undefined) this.#fingerprints.delete(id);
    else this.#fingerprints.set(id, after);
    return before !== after;
  }
}

function fingerprint({ uid, generation, labels, annotations, finalizers, deletionTimestamp }: ObjectMeta): string {
  return JSON.stringify([uid, generation, labels, annotations, finalizers, deletionTimestamp]);
}
